"""A trainer that raises."""


def train(task: str) -> None:
    raise ValueError(f"no such task: {task}")


train("Antt")
