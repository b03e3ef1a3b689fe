import torch as th


class Net(th.nn.Module):
    def __init__(self, lr, loss, n_in, n_out, hidden=128):
        super(Net, self).__init__()
        self.loss = loss
        self.layer1 = th.nn.Linear(n_in, hidden)
        self.layer2 = th.nn.Linear(hidden, n_out)
        self.optimizer = th.optim.SGD(self.parameters(), lr=lr, momentum=0.9)

    def set_parameters(self, params):
        self.load_state_dict(params)

    def get_parameters(self):
        return self.parameters()

    def forward(self, x):
        h = th.nn.functional.relu(self.layer1(x / 255))
        return self.layer2(h)

    def step(self, x, y):
        self.optimizer.zero_grad()
        loss = self.loss(self.forward(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.item()


def fit(train_set, train_labels, dev_set, n_iter, batch_size=100):
    model = Net(0.05, th.nn.CrossEntropyLoss(), 784, 3)
    losses = []
    n = train_set.size(0)
    for i in range(n_iter):
        pick = th.randint(n, (batch_size,))
        losses.append(model.step(train_set[pick], train_labels[pick]))
    yhats = model(dev_set).argmax(dim=1).detach().numpy()
    return losses, yhats, model
