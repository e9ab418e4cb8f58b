"""The engine against PyTorch: forward, loss, gradients, optimizers and model files."""

import json

import numpy as np
import pytest
from reference_cells import dropout_masks, make_network, random_state
from test_engine_trainer import Windows

from rnnviz.engine.checkpoint import save_model
from rnnviz.engine.clipping import Clipping, clip
from rnnviz.engine.evaluation import evaluate
from rnnviz.engine.loss import softmax_cross_entropy
from rnnviz.engine.network import Network, State
from rnnviz.engine.optimizers import OPTIMIZERS, make_optimizer
from rnnviz.engine.trainer import Trainer
from rnnviz.engine.truncation import Truncation

torch = pytest.importorskip("torch")

CELLS = [("rnn", "tanh"), ("rnn", "relu"), ("lstm", "tanh"), ("gru", "tanh")]
T, B, V = 7, 3, 9
TOLERANCE = 1e-10


class Twin:
    """The same network in PyTorch."""

    def __init__(
        self, cell: str, activation: str, layers: int, hidden: int, vocabulary: int
    ) -> None:
        kind = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell]
        more = {"nonlinearity": activation} if cell == "rnn" else {}
        self.cell = cell
        self.vocabulary = vocabulary
        self.rnn = kind(vocabulary, hidden, layers, **more)
        self.decoder = torch.nn.Linear(hidden, vocabulary)

    def load(self, tensors) -> None:
        def section(prefix: str):
            return {
                name.removeprefix(prefix): torch.as_tensor(array).clone()
                for name, array in tensors.items()
                if name.startswith(prefix)
            }

        self.rnn.load_state_dict(section("rnn."))
        self.decoder.load_state_dict(section("decoder."))

    def double(self) -> "Twin":
        self.rnn, self.decoder = self.rnn.double(), self.decoder.double()
        return self

    def parameters(self) -> dict:
        named = {f"rnn.{name}": p for name, p in self.rnn.named_parameters()}
        return named | {f"decoder.{name}": p for name, p in self.decoder.named_parameters()}

    def loss(self, inputs, targets, state: State | None = None):
        """Mean loss, logits (T, B, V) and final state of (layers, B, H) tensors."""
        one_hot = torch.nn.functional.one_hot(torch.tensor(inputs), self.vocabulary)
        one_hot = one_hot.to(self.decoder.weight.dtype)
        start = None
        if state is not None:
            stacked = [
                torch.tensor(np.stack([a.T for a in kind])) for kind in zip(*state, strict=True)
            ]
            start = tuple(stacked) if self.cell == "lstm" else stacked[0]
        output, final = self.rnn(one_hot, start)
        logits = self.decoder(output)
        loss = torch.nn.functional.cross_entropy(
            logits.reshape(-1, self.vocabulary), torch.tensor(targets).reshape(-1)
        )
        return loss, logits, final if self.cell == "lstm" else (final,)


def pair(cell: str, activation: str, layers: int) -> tuple[Network, Twin]:
    network = make_network(
        vocabulary_size=V, num_layers=layers, cell=cell, activation=activation, hidden_size=6
    )
    twin = Twin(cell, activation, layers, 6, V).double()
    twin.load(network.parameters)
    return network, twin


@pytest.mark.parametrize(("cell", "activation"), CELLS)
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_forward_loss_and_every_gradient(cell, activation, layers):
    rng = np.random.default_rng(layers)
    network, twin = pair(cell, activation, layers)
    inputs, targets = rng.integers(0, V, (T, B)), rng.integers(0, V, (T, B))
    state = random_state(network, B, rng)
    forward = network.forward(inputs, state)
    total, dlogits = softmax_cross_entropy(forward.logits, targets)
    gradients = network.backward(forward, dlogits)

    loss, logits, final = twin.loss(inputs, targets, state)
    loss.backward()
    assert total / targets.size == pytest.approx(loss.item(), abs=TOLERANCE)
    expected = logits.detach().numpy().transpose(2, 0, 1)
    np.testing.assert_allclose(forward.logits, expected, rtol=0, atol=TOLERANCE)
    for kind, stacked in enumerate(final):
        for layer in range(layers):
            own = forward.state[layer][kind]
            np.testing.assert_allclose(own, stacked[layer].detach().T, rtol=0, atol=TOLERANCE)
    for name, parameter in twin.parameters().items():
        np.testing.assert_allclose(gradients[name], parameter.grad, rtol=0, atol=TOLERANCE)


class StackedTwin(Twin):
    """Single layers of PyTorch with its own layer norm, sums and products between them."""

    def __init__(self, network: Network) -> None:
        config = network.config
        self.config = config
        self.vocabulary = config.vocabulary_size
        self.weights = {
            name: torch.tensor(array, requires_grad=True)
            for name, array in network.parameters.items()
        }
        kind = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[config.cell]
        self.layers = [
            kind(self.vocabulary if layer == 0 else config.hidden_size, config.hidden_size).double()
            for layer in range(config.num_layers)
        ]

    def parameters(self) -> dict:
        return self.weights

    def recurrence(self, layer: int, x, start):
        """The layer's h (T, B, H), from its states (B, H)."""
        own = {
            name.removesuffix(f"_l{layer}").removeprefix("rnn."): weight
            for name, weight in self.weights.items()
            if name.endswith(f"_l{layer}")
        }
        if not self.config.peepholes:
            plain = {f"{name}_l0": own[name] for name in own if name.split("_")[1] in ("ih", "hh")}
            state = tuple(s[None] for s in start)
            carried = state if self.config.cell == "lstm" else state[0]
            return torch.func.functional_call(self.layers[layer], plain, (x, carried))[0]
        h, c = start
        outputs = []
        p_i, p_f, p_o = own["weight_peephole"].chunk(3)
        for x_t in x:
            sums = x_t @ own["weight_ih"].T + own["bias_ih"] + h @ own["weight_hh"].T
            i, f, g, o = (sums + own["bias_hh"]).chunk(4, dim=1)
            i, f = torch.sigmoid(i + p_i * c), torch.sigmoid(f + p_f * c)
            c = f * c + i * torch.tanh(g)
            h = torch.sigmoid(o + p_o * c) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs)

    def stacked_loss(self, inputs, targets, state: State, masks):
        """Mean loss and logits (T, B, V)."""
        config, weights = self.config, self.weights
        x = torch.nn.functional.one_hot(torch.tensor(inputs), self.vocabulary).double()
        for layer in range(config.num_layers):
            y = self.recurrence(layer, x, [torch.tensor(a.T.copy()) for a in state[layer]])
            if config.layer_norm:
                gain, bias = (weights[f"rnn.norm_{kind}_l{layer}"] for kind in ("weight", "bias"))
                y = torch.nn.functional.layer_norm(y, (config.hidden_size,), gain, bias)
            if config.residual and layer > 0:
                y = y + x
            if layer < len(masks):
                y = y * torch.tensor(masks[layer].transpose(1, 2, 0).copy())
            x = y
        logits = x @ weights["decoder.weight"].T + weights["decoder.bias"]
        loss = torch.nn.functional.cross_entropy(
            logits.reshape(-1, self.vocabulary), torch.tensor(targets).reshape(-1)
        )
        return loss, logits


@pytest.mark.parametrize("cell", ["rnn", "lstm", "peepholes", "gru"])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_options_between_layers_and_peepholes(cell, layers, layer_norm, residual, dropout):
    rng = np.random.default_rng(3)
    network = make_network(
        vocabulary_size=V,
        hidden_size=6,
        num_layers=layers,
        cell="lstm" if cell == "peepholes" else cell,
        peepholes=cell == "peepholes",
        layer_norm=layer_norm,
        residual=residual,
        dropout=dropout,
    )
    twin = StackedTwin(network)
    inputs, targets = rng.integers(0, V, (2, T, B))
    state = random_state(network, B, rng)
    masks = dropout_masks(network.config, np.random.default_rng(4), T, B)
    loss, logits = twin.stacked_loss(inputs, targets, state, masks)
    loss.backward()

    forward = network.forward(inputs, state, np.random.default_rng(4))
    expected = logits.detach().numpy().transpose(2, 0, 1)
    np.testing.assert_allclose(forward.logits, expected, rtol=0, atol=TOLERANCE)
    total, dlogits = softmax_cross_entropy(forward.logits, targets)
    assert total / targets.size == pytest.approx(loss.item(), abs=TOLERANCE)
    gradients = network.backward(forward, dlogits)
    for name, weight in twin.parameters().items():
        np.testing.assert_allclose(gradients[name], weight.grad, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(("cell", "activation"), CELLS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
@pytest.mark.parametrize(
    "clipping", [Clipping("off"), Clipping("norm", 0.2), Clipping("value", 0.02)]
)
def test_ten_optimizer_steps(cell, activation, layers, optimizer, clipping):
    rng = np.random.default_rng(7)
    network, twin = pair(cell, activation, layers)
    rate = {"sgd": 0.5, "momentum": 0.2, "nesterov": 0.2, "adagrad": 0.05}.get(optimizer, 0.01)
    weights = list(twin.parameters().values())
    theirs = {
        "sgd": lambda: torch.optim.SGD(weights, rate),
        "momentum": lambda: torch.optim.SGD(weights, rate, momentum=0.9),
        "nesterov": lambda: torch.optim.SGD(weights, rate, momentum=0.9, nesterov=True),
        "rmsprop": lambda: torch.optim.RMSprop(weights, rate),
        "adamw": lambda: torch.optim.AdamW(weights, rate),
        "adagrad": lambda: torch.optim.Adagrad(weights, rate, eps=1e-8),
        "adam": lambda: torch.optim.Adam(weights, rate),
    }[optimizer]()
    ours = make_optimizer(optimizer, network.parameters)
    state, clipped = network.zero_state(B), 0
    for _ in range(10):
        inputs, targets = rng.integers(0, V, (T, B)), rng.integers(0, V, (T, B))
        theirs.zero_grad()
        twin.loss(inputs, targets, state)[0].backward()
        if clipping.kind == "norm":
            norm = torch.nn.utils.clip_grad_norm_(weights, clipping.threshold).item()
        else:
            norm = torch.sqrt(sum((w.grad**2).sum() for w in weights)).item()
        if clipping.kind == "value":
            torch.nn.utils.clip_grad_value_(weights, clipping.threshold)
        theirs.step()

        forward = network.forward(inputs, state)
        gradients = network.backward(forward, softmax_cross_entropy(forward.logits, targets)[1])
        report = clip(gradients, clipping)
        assert report.total_norm == pytest.approx(norm, abs=TOLERANCE)
        clipped += report.clipped
        ours.update(network.parameters, gradients, rate)
        state = forward.state
    assert (clipped > 0) == (clipping.kind != "off")
    for name, parameter in twin.parameters().items():
        own = network.parameters[name]
        np.testing.assert_allclose(own, parameter.detach(), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "peepholes", "gru"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_ten_updates_of_the_trainer_from_two_batches_each_with_every_option(cell, reduction):
    network = make_network(
        vocabulary_size=V,
        hidden_size=6,
        num_layers=2,
        cell="lstm" if cell == "peepholes" else cell,
        peepholes=cell == "peepholes",
        layer_norm=True,
        residual=True,
        dropout=0.3,
    )
    twin = StackedTwin(network)
    weights = list(twin.parameters().values())
    theirs = torch.optim.RMSprop(weights, 0.01, alpha=0.95)
    text = np.random.default_rng(0).integers(0, V, (B, 20 * T + 1))
    trainer = Trainer(
        network,
        make_optimizer("rmsprop", network.parameters, alpha=0.95),
        Clipping("value", 0.05),
        Windows(text, T),
        0.01,
        reduction=reduction,
        rng=np.random.default_rng(5),
        truncation=Truncation("full"),
        accumulate=2,
    )
    masks_rng = np.random.default_rng(5)
    zero = network.zero_state(B)
    for update in range(10):
        theirs.zero_grad()
        losses = []
        for batch in (2 * update, 2 * update + 1):
            part = slice(batch * T, (batch + 1) * T)
            masks = dropout_masks(network.config, masks_rng, T, B)
            loss, _ = twin.stacked_loss(text[:, part].T, text[:, 1:][:, part].T, zero, masks)
            losses.append(loss)
        total = torch.stack(losses).mean() * (1 if reduction == "mean" else 2 * T * B)
        total.backward()
        norm = torch.sqrt(sum((w.grad**2).sum() for w in weights)).item()
        torch.nn.utils.clip_grad_value_(weights, 0.05)
        theirs.step()
        result = trainer.step()
        assert result.clipped
        assert result.grad_norm == pytest.approx(norm, rel=TOLERANCE)
        assert result.loss == pytest.approx(torch.stack(losses).mean().item(), abs=TOLERANCE)
    for name, weight in twin.parameters().items():
        own = network.parameters[name]
        np.testing.assert_allclose(own, weight.detach(), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(("cell", "activation"), CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_a_model_file_computes_the_same_loss_in_pytorch(cell, activation, layers, tmp_path):
    from safetensors import safe_open

    network = make_network(
        vocabulary_size=V,
        hidden_size=24,
        num_layers=layers,
        cell=cell,
        activation=activation,
        dtype="float32",
    )
    path = tmp_path / "model.safetensors"
    save_model(path, network, [chr(97 + i) for i in range(V)])

    with safe_open(path, framework="pt") as file:
        model = json.loads(file.metadata()["config"])["model"]
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    twin = Twin(
        model["cell"],
        model["activation"],
        model["num_layers"],
        model["hidden_size"],
        model["vocabulary_size"],
    )
    twin.load(tensors)
    text = np.random.default_rng(8).integers(0, V, 3_000)
    with torch.no_grad():
        loss = twin.loss(text[:-1, np.newaxis], text[1:, np.newaxis])[0].item()
    measured = evaluate(network, text)
    assert measured.characters == 2_999
    assert measured.nats == pytest.approx(loss, abs=1e-5)
