"""A toy that Lightning CLI trains: the sum of two numbers."""

from __future__ import annotations

from typing import Any

import torch
from pytorch_lightning import LightningModule
from pytorch_lightning.cli import LightningCLI
from torch.utils.data import DataLoader, TensorDataset


class Sum(LightningModule):
    def __init__(self, layers: list[int], learning_rate: float = 0.1) -> None:
        super().__init__()
        self.learning_rate = learning_rate
        widths = [2, *layers]
        hidden = [torch.nn.Linear(*pair) for pair in zip(widths, layers, strict=False)]
        self.network = torch.nn.Sequential(*hidden, torch.nn.Linear(widths[-1], 1))

    def training_step(self, batch: Any) -> Any:
        numbers, sums = batch
        return torch.nn.functional.mse_loss(self.network(numbers), sums)

    def train_dataloader(self) -> Any:
        numbers = torch.randn(64, 2)
        return DataLoader(TensorDataset(numbers, numbers.sum(1, keepdim=True)), batch_size=16)

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=self.learning_rate)


if __name__ == "__main__":
    LightningCLI(Sum)
