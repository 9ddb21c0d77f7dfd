"""Sentences as vectors: TF-IDF of words and word pairs, brought down to 256 dimensions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

N_FEATURES = 256


def text_features(texts: Sequence[str]) -> np.ndarray:
    """(N, 256) float32 rows of length 1: latent semantic analysis, without looking at labels."""
    counts = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2).fit_transform(texts)
    rows = TruncatedSVD(N_FEATURES, n_iter=4, random_state=0).fit_transform(counts)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
