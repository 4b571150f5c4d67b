"""From a cleared project to the workspace: the plan as values, and its execution."""
