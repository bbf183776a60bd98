"""The wiring of a model and its standardised data, as package gvae has them."""

import torch

LEAST_SIGMA = 1e-3
LEAST_OWN = 1e-9
LARGEST_EXPONENT = 60
LARGEST_FACTOR = 20
LARGEST_LOG = 23
LINEAR_BEYOND = 4
SKIP_PULL = 1
NETWORK_PULL = 1e-3


class Wiring:
    def __init__(self, model):
        spec, config = model.spec, model.config
        self.model, self.config = model, config
        self.d = spec["D"]
        self.latents = [(v["X"] or [], v["Y"] or []) for v in spec["Latents"]]
        self.structured = config["Structured"]
        self.limit = 4 if self.structured else 1e6
        self.layers = len(config["Hidden"]) + 1
        self.nodes = []
        for n in spec["Nodes"]:
            terms = [(t["Parent"], t["Calls"], t["Overlap"]) for t in n["Terms"] or []]
            self.nodes.append((n["Latents"] or [], n["Parents"] or [], n["X"] or [], terms, n["Overlap"]))
        self.first_term, self.terms = [], 0
        for node in self.nodes:
            self.first_term.append(self.terms)
            self.terms += len(node[3])
        self.sees = [self.visible(i) for i in range(len(self.latents))]
        self.level = []
        for _, parents, _, _, _ in self.nodes:
            self.level.append(1 + max((self.level[p] for p in parents), default=-1))

    def skips(self, node):
        """The parents whose latencies the skip path of a node adds up."""
        return [t[0] for t in self.nodes[node][3]] if self.structured else []

    def visible(self, latent):
        """The nodes that an encoder sees: not a parent that a skip path explains."""
        touched = [i for i, n in enumerate(self.nodes) if latent in n[0]]
        out = []
        for y in self.latents[latent][1]:
            needed, explained = y in touched, False
            for n in touched:
                if y in self.nodes[n][1]:
                    if y in self.skips(n):
                        explained = True
                    else:
                        needed = True
            if needed or not explained:
                out.append(y)
        return out

    def innovates(self, latent, node):
        """Whether the encoder sees only what the skip path leaves unexplained."""
        return bool(self.skips(node)) and latent in self.nodes[node][0]

    def scale(self, name):
        return self.model.tensors[f"scale.{name}.center"], self.model.tensors[f"scale.{name}.spread"]

    def shift(self, node):
        """Per term and quantile: centre of the parent less that of the node, spread of the parent."""
        center, spread = self.scale("y")
        d = self.d
        rows = [range(p * d, p * d + d) for p in self.skips(node)]
        own = center[node * d : node * d + d]
        return (
            torch.stack([center[list(r)] - own for r in rows]).float(),
            torch.stack([spread[list(r)] for r in rows]).float(),
        )

    def spread(self, node):
        return self.scale("y")[1][node * self.d : (node + 1) * self.d].float()

    def objective(self):
        """Weights of the four columns of a decoder (z~q chained, z~p chained, forced alike), and of KL."""
        a, g = self.config["Mix"], self.config["Chained"]
        return [a * g, (1 - a) * g, a * (1 - g), (1 - a) * (1 - g)], a * self.config["KLWeight"]


class Data:
    """Standardised columns, feature-major [columns x windows]."""

    def __init__(self, w, x, y, n):
        x, y = x.reshape(-1, n), y.reshape(-1, n)
        center, spread = w.scale("x")
        known = torch.isfinite(x)
        std = torch.where(known, (x - center[:, None]) / spread[:, None], 0.0)
        self.x = std.clamp(-w.limit, w.limit).float()
        raw = torch.where(known, x, center[:, None])
        rows = []
        for _, _, _, terms, overlap in w.nodes:
            for _, calls, each in terms:
                row = torch.zeros(n, dtype=torch.float64)
                for c in (overlap, calls, each):
                    if c >= 0:
                        row = row + raw[c]
                rows.append(row.clamp(-LARGEST_FACTOR, LARGEST_FACTOR))
        self.factors = torch.stack(rows).float() if rows else torch.zeros(0, n)
        center, spread = w.scale("y")
        self.present = torch.isfinite(y)
        std = (y.clamp(-LARGEST_LOG, LARGEST_LOG) - center[:, None]) / spread[:, None]
        self.known = torch.where(self.present, std, 0.0).float()

    def batch(self, windows):
        b = object.__new__(Data)
        b.x, b.factors = self.x.index_select(1, windows), self.factors.index_select(1, windows)
        b.present, b.known = self.present.index_select(1, windows), self.known.index_select(1, windows)
        return b


def error(w, e):
    """Squared, of a structured model linear beyond four spreads."""
    if not w.structured:
        return e * e
    a = e.abs()
    return torch.where(a > LINEAR_BEYOND, LINEAR_BEYOND * (2 * a - LINEAR_BEYOND), e * e)


def divergence(mu_q, sigma_q, mu_p, sigma_p):
    d, r = (mu_q - mu_p) / sigma_p, sigma_q / sigma_p
    return ((r * r + d * d - 1) / 2 - torch.log(r)).sum()
