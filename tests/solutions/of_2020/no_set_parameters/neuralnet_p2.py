import torch
from torch import nn, optim


class NeuralNet(nn.Module):
    def __init__(self, lrate):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ELU(), nn.MaxPool2d(2))
        self.classifier = nn.Sequential(nn.Linear(16 * 14 * 14, 128), nn.Tanh(), nn.Linear(128, 5))
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = optim.Adam(self.parameters(), lr=lrate)

    def get_parameters(self):
        return self.parameters()

    def forward(self, x):
        x = (x / 255 - 0.5) / 0.5
        x = self.features(x.view(-1, 1, 28, 28))
        return self.classifier(x.flatten(start_dim=1))

    def step(self, x, y):
        self.optimizer.zero_grad()
        loss = self.criterion(self(x), y)
        loss.backward()
        self.optimizer.step()
        return float(loss)


def fit(train_set, train_labels, dev_set, n_iter, batch_size=100):
    net = NeuralNet(lrate=0.001)
    losses = []
    perm = torch.randperm(len(train_set))
    pos = 0
    for _ in range(n_iter):
        ids = perm[pos : pos + batch_size]
        losses.append(net.step(train_set[ids], train_labels[ids]))
        pos += batch_size
        if pos >= len(train_set):
            perm = torch.randperm(len(train_set))
            pos = 0
    net.eval()
    with torch.no_grad():
        yhats = net(dev_set).max(1)[1]
    return losses, yhats.cpu().numpy(), net
