"""The names and types of every column that Upwell writes.

Files are the interface between stages, so their columns stand here once. Types are Arrow's.
"""

from __future__ import annotations

import pyarrow as pa

# examples/*.parquet
EXAMPLE_ID = "example_id"
SPLIT = "split"
LABEL = "label"
URI = "uri"

TRAIN, VALIDATION, TEST, POOL = "train", "validation", "test", "pool"
SPLITS = (TRAIN, VALIDATION, TEST, POOL)

# The payload column of each modality; `uri` stands in for it where media stay where they are.
PAYLOAD_BY_MODALITY = {"image": "image", "text": "text", "audio": "audio", "strokes": "strokes"}
PAYLOAD_TYPES = {
    "image": pa.binary(),
    "text": pa.string(),
    "audio": pa.binary(),
    "strokes": pa.list_(pa.struct([("x", pa.float32()), ("y", pa.float32()), ("t", pa.float32())])),
}

# edits/<annotator>.jsonl, and the same as a table
EDITS = pa.schema(
    [
        ("edit_id", pa.string()),
        (EXAMPLE_ID, pa.string()),
        ("action", pa.string()),
        ("value", pa.string()),
        ("previous", pa.list_(pa.string())),
        ("annotator", pa.string()),
        ("made_at", pa.timestamp("ms", tz="UTC")),
        ("reason", pa.string()),
        ("evidence", pa.string()),  # JSON of build, score and rank that the person was shown
    ]
)

# builds/<name>/labels.parquet: what is true of each example after replaying the edit log
LABELS = pa.schema(
    [
        (EXAMPLE_ID, pa.string()),
        (LABEL, pa.string()),
        (SPLIT, pa.string()),
        ("is_excluded", pa.bool_()),
        ("n_edits", pa.int32()),
        ("annotator", pa.string()),  # who made the edit in force; null = the imported value
        ("is_conflict", pa.bool_()),
    ]
)

# builds/<name>/targets.parquet: what training reads of the labels. A confirmation changes
# labels.parquet (it is an edit) and not this, so that it costs no training.
TARGETS = pa.schema(
    [LABELS.field(c) for c in (EXAMPLE_ID, LABEL, SPLIT, "is_excluded", "is_conflict")]
)

# builds/<name>/edits.parquet: the edits that a build knows
BUILD_EDITS = pa.schema(
    [
        ("edit_id", pa.string()),
        ("is_ignored", pa.bool_()),  # its value is no class or split here; see issues.parquet
    ]
)

# builds/<name>/dynamics.parquet: the training record, a row an example an epoch
DYNAMICS = pa.schema(
    [
        (EXAMPLE_ID, pa.string()),
        ("epoch", pa.int16()),  # 1 … epochs
        ("loss", pa.float32()),  # cross-entropy of the given label, ≥ 0, higher = worse
        ("margin", pa.float32()),  # p(given) − p(best other), −1 … 1, lower = worse
    ]
)

# builds/<name>/predictions.parquet, a row an example
PREDICTIONS = pa.schema(
    [
        (EXAMPLE_ID, pa.string()),
        ("probs", pa.list_(pa.float32())),  # (K,), in the order of the dataset's classes
        ("predicted", pa.string()),
        ("loss", pa.float32()),  # null without a label
        ("is_out_of_sample", pa.bool_()),
        ("embedding", pa.list_(pa.float16())),  # (D,), the layer before the classifier
        ("mean_probs", pa.list_(pa.float32())),  # (K,), averaged over the epochs
        ("el2n", pa.float32()),  # ‖probs − one-hot(label)‖₂ averaged over epochs, 0 … √2
    ]
)

# builds/<name>/suspects.parquet, a row a labelled example, most suspect first
SUSPECTS = pa.schema(
    [
        ("rank", pa.int32()),  # 1 = most likely mislabelled
        (EXAMPLE_ID, pa.string()),
        (LABEL, pa.string()),
        ("suggested_label", pa.string()),
        ("p_suggested", pa.float32()),  # 0 … 1, that the suggested label is the right one
        ("p_mislabeled", pa.float32()),  # 0 … 1, calibrated: of those given 0.8, 80 % are wrong
        ("is_ambiguous", pa.bool_()),  # two labels are defensible, rather than one wrong
        ("loss", pa.float32()),
        ("margin", pa.float32()),  # of the final network
        ("mean_margin", pa.float32()),  # over the epochs
        ("el2n", pa.float32()),
        ("neighbor_agreement", pa.float32()),  # share of the neighbours with the given label
        ("reason", pa.string()),
        (SPLIT, pa.string()),
        ("neighbors", pa.list_(pa.string())),  # example ids, nearest first
    ]
)

# builds/<name>/second_look.parquet: compile's second, shorter training, for the ranking alone;
# a row an example
SECOND_LOOK = pa.schema(
    [
        (EXAMPLE_ID, pa.string()),
        (LABEL, pa.int32()),  # what it was given, as a class's place; −1 = none
        ("is_train", pa.bool_()),  # it was trained on: the most doubted labels are not
        ("is_trusted", pa.bool_()),  # not doubted: trained on, or held out to compare with
        ("is_planted", pa.bool_()),  # the label it was given is wrong on purpose
        ("probs", pa.list_(pa.float32())),
        ("mean_probs", pa.list_(pa.float32())),
        ("losses", pa.list_(pa.float32())),  # (E,), of the label it was given
        ("margins", pa.list_(pa.float32())),  # (E,)
        ("el2n", pa.float32()),
        ("embedding", pa.list_(pa.float16())),
    ]
)

# builds/<name>/label_errors.parquet: how many labels are thought wrong
LABEL_ERRORS = pa.schema(
    [
        (SPLIT, pa.string()),  # null = all splits
        (LABEL, pa.string()),  # the given label; null = all labels
        ("n", pa.int32()),  # labelled examples, the excluded left out
        ("n_errors", pa.float64()),  # expected number of wrong labels among them
        ("low", pa.float64()),  # 95 % interval
        ("high", pa.float64()),
    ]
)

# builds/<name>/issues.parquet
ISSUES = pa.schema(
    [
        ("check", pa.string()),
        ("severity", pa.string()),  # error, warning, note
        (EXAMPLE_ID, pa.string()),  # null where the issue is the dataset's
        ("other_id", pa.string()),
        ("score", pa.float32()),  # 0 … 1, higher = worse
        ("message", pa.string()),
        ("issue_id", pa.string()),  # names the finding across builds: check, ids and subject
        ("group_id", pa.string()),  # smallest example id of a group of duplicates, else null
        ("subject", pa.string()),  # the class, split, column or slice it is about, else null
    ]
)

# builds/<name>/media.parquet: what was measured of each payload; null where it does not apply
MEDIA = pa.schema(
    [
        (EXAMPLE_ID, pa.string()),
        ("content_hash", pa.string()),  # equal for equal payloads; null = no payload
        ("problem", pa.string()),  # why the payload cannot be used; null = it can
        ("n_bytes", pa.int64()),
        ("width", pa.int32()),  # pixels, of images
        ("height", pa.int32()),
        ("brightness", pa.float32()),  # mean luminance, 0 (black) … 1 (white)
        ("contrast", pa.float32()),  # standard deviation of the luminance, 0 … 0.5
        ("black_point", pa.float32()),  # luminance that 0.5 % of the pixels are below, 0 … 1
        ("white_point", pa.float32()),  # luminance that 0.5 % of the pixels are above, 0 … 1
        ("sharpness", pa.float32()),  # log10 of the Laplacian's variance over the luminance's
        ("seconds", pa.float32()),  # length of audio
        ("sample_rate", pa.int32()),  # samples a second
        ("loudness", pa.float32()),  # root mean square in dB of full scale, ≤ 0
        ("clipped", pa.float32()),  # share of the samples in flat tops at the peak, 0 … 1
        ("silent", pa.float32()),  # share of the frames of 20 ms below −60 dB, 0 … 1
        ("n_chars", pa.int32()),  # of texts; of strokes the number of points
        ("n_words", pa.int32()),
        ("script", pa.string()),  # that most letters are of, such as LATIN
        ("language", pa.string()),  # ISO 639-1 where function words tell it, else null
    ]
)

# builds/<name>/slices.parquet
SLICES = pa.schema(
    [
        ("slice", pa.string()),  # the condition, as SQL over examples
        (SPLIT, pa.string()),
        ("n", pa.int32()),
        ("n_correct", pa.int32()),
        ("accuracy", pa.float64()),
        ("low", pa.float64()),  # 95 % interval
        ("high", pa.float64()),
    ]
)

# flips between two builds: a row an example whose correctness changed; see flips.py
FLIPS = pa.schema(
    [
        (EXAMPLE_ID, pa.string()),
        (SPLIT, pa.string()),
        (LABEL, pa.string()),  # in the newer build; what fixed and broken are judged by
        ("base_label", pa.string()),  # null = it had none
        ("base_predicted", pa.string()),
        ("predicted", pa.string()),
        ("flip", pa.string()),  # fixed, broken: by the network; relabelled: by its label alone
    ]
)

SUSPECT_THRESHOLD = 0.5  # a suspect is a row of suspects.parquet with p_mislabeled above this
