"""How much of an image each class covers: as a classifier learned, as a person says, as the image tells.

A classifier expects the classes in the shares in which they were painted, and strokes are rarely painted in the shares
of the image: who marks ten membranes and ten cells teaches that half of everything is membrane. Chances can be turned
to other shares afterwards, without training again, and the shares can be estimated from pixels nobody has labelled
(Saerens, Latinne and Decaestecker 2002, "Adjusting the Outputs of a Classifier to New a Priori Probabilities",
doi:10.1162/089976602753284446). That helps where strokes mislead and harms where they do not, so it is off by default.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import ParameterError
from core.learning.segmenter import Prediction
from core.learning.uncertainty import entropy_of, margin_of

ESTIMATE = "estimate"  # in place of figures: from the images that are segmented
LEAST = 0.001  # a class that a person keeps is never quite impossible
STEPS, ENOUGH = 200, 1e-4  # of the estimate; it has settled when no share moves by more
Chances = NDArray[np.float32]
Shares = NDArray[np.float64]


@dataclass(frozen=True)
class Expectation:
    """learned : share of each class among the pixels learned from. wished : what is expected instead; None: the same.

    Both in the order of the model's class ids, each adding up to 1.
    """

    learned: tuple[float, ...]
    wished: tuple[float, ...] | None = None

    def applied(self, chances: Chances) -> Chances:
        """The chances as they would be with the wished shares; as they are when none are wished."""
        return chances if self.wished is None else turned(chances, learned=self.learned, wished=self.wished)


def turned(chances: Chances, *, learned: ArrayLike, wished: ArrayLike) -> Chances:
    """Chances of a classifier that learned with one set of shares, for images with another.

    Parameters
    ----------
    chances : (..., classes) float32, adding up to 1. learned, wished : (classes,), none of `learned` is 0.

    Returns
    -------
    A new array, like `chances`.

    >>> turned(np.array([[0.5, 0.5]], np.float32), learned=[0.5, 0.5], wished=[0.8, 0.2]).round(2).tolist()
    [[0.800000011920929, 0.20000000298023224]]
    """
    weights = np.asarray(_normalised(wished) / _normalised(learned), np.float32)
    weighted = chances * weights
    total = weighted.sum(axis=-1, keepdims=True)
    return np.asarray(weighted / np.maximum(total, np.finfo(np.float32).tiny), np.float32)


def estimated(chances: Chances, *, learned: ArrayLike) -> Shares:
    """The shares under which unlabelled pixels are likeliest, by expectation maximisation.

    Parameters
    ----------
    chances : (N, classes) of pixels drawn from all of the image, as the classifier gives them.

    Returns
    -------
    (classes,) float64, adding up to 1; none below `LEAST`.
    """
    start = _normalised(learned)
    known, shares = np.asarray(chances, np.float64).reshape(-1, start.size), start
    for _ in range(STEPS):
        weighted = known * (shares / start)
        found = (weighted / np.maximum(weighted.sum(axis=1, keepdims=True), 1e-300)).mean(axis=0)
        moved, shares = np.abs(found - shares).max(), found
        if moved < ENOUGH:
            break
    return _normalised(shares)


def decided(chances: Chances, class_ids: Sequence[int], *, entropy: bool = False) -> Prediction:
    """The likeliest class of each pixel and how likely it is. chances : (Y, X, classes).

    entropy : keep it and the margin too.
    """
    labels = np.asarray(class_ids, np.uint8)[chances.argmax(axis=-1)]
    confidence = np.rint(255 * chances.max(axis=-1).clip(0, 1)).astype(np.uint8)
    if not entropy:
        return Prediction(labels, confidence)
    return Prediction(labels, confidence, entropy_of(chances), margin_of(chances))


def shares_in_order(shares: Mapping[int, float], class_ids: Sequence[int], learned: Sequence[float]) -> Shares:
    """Shares for all classes of a model; those not named keep what they learned, scaled into what is left.

    >>> shares_in_order({1: 0.8}, [1, 2, 3], [0.5, 0.25, 0.25]).round(3).tolist()
    [0.8, 0.1, 0.1]
    """
    named = {class_id: share for class_id, share in shares.items() if class_id in class_ids}
    rest = sum(share for class_id, share in zip(class_ids, learned, strict=True) if class_id not in named)
    left = max(0.0, 1 - sum(named.values()))
    scaled = [
        named.get(class_id, left * share / rest if rest else 0.0)
        for class_id, share in zip(class_ids, learned, strict=True)
    ]
    return _normalised(scaled)


def read_shares(text: str) -> dict[int, float]:
    """{class id: share, 0 to 1} of what a form or a command line says; empty for an empty text.

    Raises
    ------
    ParameterError
        If it is no list of `class=per cent`.

    >>> read_shares("1=70, 2=30")
    {1: 0.7, 2: 0.3}
    """
    shares: dict[int, float] = {}
    for word in text.replace(";", ",").split(","):
        if word.strip():
            class_id, share = _pair(word, text)
            shares[class_id] = share
    if shares and sum(shares.values()) <= 0:
        raise _unreadable(text)
    return shares


def write_shares(shares: Mapping[int, float]) -> str:
    """What `read_shares` reads.

    >>> write_shares({1: 0.7, 2: 0.3})
    '1=70, 2=30'
    """
    return ", ".join(f"{class_id}={100 * share:.4g}" for class_id, share in shares.items())


def _pair(word: str, text: str) -> tuple[int, float]:
    name, equals, number = (part.strip() for part in word.partition("="))
    try:
        class_id, share = int(name), float(number) / 100
    except ValueError as error:
        raise _unreadable(text) from error
    if not equals or not 0 <= share <= 1:
        raise _unreadable(text)
    return class_id, share


def _unreadable(text: str) -> ParameterError:
    return ParameterError(
        f"Class shares are {text!r}; they must be a class and its per cent, 0 to 100, for each class.",
        f'Write, for example, "1=70, 2=30", or "{ESTIMATE}", or nothing.',
    )


def _normalised(shares: ArrayLike) -> Shares:
    kept = np.maximum(np.asarray(shares, np.float64), LEAST)
    return np.asarray(kept / kept.sum(), np.float64)
