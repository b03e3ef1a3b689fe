import numpy as np

from .core import Callable


class OneHotEncoder(Callable):
    def fit(self, data):
        self.uniq = np.unique(data)
        self.uniq2oh = {}
        rows = np.eye(len(self.uniq))
        for i in range(len(self.uniq)):
            self.uniq2oh[self.uniq[i]] = rows[i]

    def forward(self, data):
        if not hasattr(self, "uniq2oh"):
            self.fit(data)
        return np.array([self.uniq2oh[x] for x in data])

    def inverse(self, data):
        assert hasattr(self, "uniq"), "forward() or fit() must be called before attempting to invert"
        return np.array([self.uniq[x] for x in np.argmax(data, axis=-1)])
