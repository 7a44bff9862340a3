"""Embeddings without a network: pooled pixels, exact neighbours, a map, seeds for a first round, files of one's own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInputError
from core.learning.curation.alike import painted_middles, side_of, square
from core.learning.curation.embeddings import (
    Index,
    Scale,
    layout,
    near_duplicates,
    read_points,
    seed_rows,
    standardised,
)
from core.learning.curation.pooled import pooled, pooled_all
from core.learning.curation.store import Item
from core.learning.normalisation import Normalisation


def tiles(kind, count, seed=0):
    """Small textures: stripes, or spots, on noise, at any brightness."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        tile = rng.normal(100 + 50 * rng.random(), 5, (64, 64))
        if kind == "stripes":
            tile[:, rng.integers(0, 4) :: 4] += 40
        else:
            tile[rng.integers(0, 64, 60), rng.integers(0, 64, 60)] += 80
        yield tile.clip(0, 255).astype(np.uint8)


def test_tiles_of_one_texture_are_each_others_neighbours_whatever_their_brightness():
    window = Normalisation((0.0,), (255.0,))
    images = [*tiles("stripes", 12), *tiles("spots", 12)]
    points = standardised(np.stack(list(pooled_all(images, window))))
    for row in range(24):
        assert {found // 12 for found in Index(points).like(row, 5).tolist()} == {row // 12}
    for way in ("pca", "tsne"):
        first, second = layout(points, way)[:12], layout(points, way)[12:]
        assert np.linalg.norm(first.mean(axis=0) - second.mean(axis=0)) > 2 * first.std()


def test_images_of_any_kind_and_size_have_lists_of_one_length():
    lengths = set()
    for shape, dtype in (((5, 7), "u1"), ((200, 90), "u2"), ((128, 128, 3), "f4"), ((64, 64, 4), "u1")):
        channels = shape[2] if len(shape) == 3 else 1
        image = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
        found = pooled(image, Normalisation((0.0,) * channels, (100.0,) * channels))
        lengths.add(len(found))
        assert np.isfinite(found).all()
    assert len(lengths) == 1


@given(st.integers(1, 40), st.integers(1, 5), st.integers(1, 45), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_neighbours_are_those_of_an_exhaustive_search(rows, width, count, seed):
    rng = np.random.default_rng(seed)
    points = rng.integers(-2, 3, (rows, width)).astype(np.float32)  # many are equally far
    query, among = rng.integers(-2, 3, width).astype(np.float32), rng.random(rows) < 0.7
    distances = ((points - query) ** 2).sum(axis=1)
    expected = sorted(np.flatnonzero(among).tolist(), key=lambda row: (distances[row], row))[:count]
    assert Index(points).nearest(query, count, among=among).tolist() == expected


@given(st.integers(1, 40), st.integers(1, 5), st.integers(1, 4), st.integers(1, 45), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_what_is_like_any_of_several_comes_in_the_order_of_an_exhaustive_search(rows, width, asked, count, seed):
    rng = np.random.default_rng(seed)
    points = rng.integers(-2, 3, (rows, width)).astype(np.float32)
    queries, among = rng.integers(-2, 3, (asked, width)).astype(np.float32), rng.random(rows) < 0.7
    distances = ((points[:, None] - queries) ** 2).sum(axis=2).min(axis=1)
    expected = sorted(np.flatnonzero(among).tolist(), key=lambda row: (distances[row], row))[:count]
    assert Index(points).nearest_to_any(queries, count, among=among).tolist() == expected


def test_a_painted_region_is_searched_by_squares_of_the_tiles_size_around_what_is_painted():
    items = [Item(0, "v", 0, (0, 0, 64, 64)), Item(1, "v", 0, (0, 64, 64, 128)), Item(2, "v", 0, (64, 0, 90, 30))]
    assert (side_of(items), side_of([Item(0, "v")])) == (64, None)
    labels = np.zeros((200, 300), np.uint8)
    assert painted_middles(labels, 64) == []
    labels[10:20, 10:20], labels[150:190, 250:290] = 1, 2
    middles = painted_middles(labels, 64)
    assert sorted(middles)[0] == (14, 14)
    assert max(middles, key=lambda place: place[0] + place[1]) == middles[0], "most of the paint lies there"
    assert len(painted_middles(np.ones((640, 640), np.uint8), 64)) == 16
    assert square((14, 14), 64, labels.shape) == (0, 0, 64, 64)
    assert square((199, 150), 64, (200, 40)) == (136, 0, 200, 40)


def test_an_embedding_made_later_lies_where_it_would_have_lain():
    points = np.random.default_rng(0).normal(5, 3, (30, 4)).astype(np.float32)
    points[:, 2] = 7
    assert np.array_equal(Scale.of(points).apply(points[4:5]), standardised(points)[4:5])


def test_seeds_are_four_neighbours_to_one_at_random_and_find_a_planted_class_in_two_rounds():
    rng = np.random.default_rng(0)
    points = rng.standard_normal((300, 8)).astype(np.float32)
    points[:20] += 4
    index, among = Index(points), np.ones(300, bool)
    first = seed_rows(index, points[:1], 10, among=among, seed=1)
    assert len(first) == 10 and len(set(first.tolist())) == 10
    assert (first[:8] < 20).all()
    among[first] = False
    second = seed_rows(index, points[first[first < 20]], 10, among=among, seed=1)
    assert set(range(20)) <= {*first.tolist(), *second.tolist()}
    assert not set(first.tolist()) & set(second.tolist())
    assert len(seed_rows(index, points[:1], 1, among=among, seed=1)) == 1


def test_neighbours_of_several_rows_come_once():
    points = np.array([[0.0], [1.0], [1.5], [9.0], [9.5]], np.float32)
    assert Index(points).around([0, 3], 2).tolist() == [1, 2, 4]
    assert Index(points).around([0, 2], 1).tolist() == [1]


def test_near_duplicates_between_training_and_validation_are_found():
    points = np.random.default_rng(0).standard_normal((50, 6)).astype(np.float32)
    points[40] = points[3] + 1e-4
    assert near_duplicates(points, np.arange(30, 50), np.arange(30)) == [(40, 3)]


def test_a_file_of_embeddings_is_read_when_it_fits_and_refused_when_not(tmp_path):
    path = tmp_path / "points.npy"
    np.save(path, np.arange(6).reshape(3, 2))
    assert read_points(path, 3).tolist() == [[0, 1], [2, 3], [4, 5]]
    for wrong in (np.arange(6), np.full((3, 2), np.nan), np.array([["a", "b"]] * 3), np.array([{}, {}, {}])):
        np.save(path, wrong)
        with pytest.raises(InvalidInputError, match=r"points\.npy"):
            read_points(path, 3)
