"""dataset.toml: every mistake is one sentence that names the file and the key."""

from __future__ import annotations

import pytest

from ide.dataset.config import check_name, parse_config
from ide.dataset.errors import ConfigError

GOOD = 'title = "Pets"\nclasses = ["cat", "dog"]\n'


def parse(text):
    return parse_config(text, name="pets", where="datasets/pets/dataset.toml")


def test_defaults_fill_what_is_left_out():
    config = parse(GOOD)
    assert config.classes == ("cat", "dog")
    assert config.model.architecture == "small_cnn"
    assert config.payload_column == "image"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("title = ", "is not TOML"),
        (GOOD + "colour = 1", "'colour' is not a key here"),
        ('classes = "cat"', "classes must be a list"),
        ('classes = ["cat", "cat"]', "'cat' stands twice"),
        (GOOD + 'modality = "smell"', "modality is 'smell'"),
        (GOOD + '[model]\nepochs = "many"', "epochs is 'many', wanted a whole number"),
        (GOOD + "[model]\nepochs = 0", "epochs is 0, wanted 1 to"),
        (GOOD + "[model]\nseed = true", "seed is True, wanted a whole number"),
        (GOOD + "[model]\ndepth = 3", "'depth' is not a key here"),
        (GOOD + "[split]\ntest = 0.6\nvalidation = 0.6", "wanted less than 1"),
        ("model = 3\n" + GOOD, "model must be a table"),
        ("gate = 3\n" + GOOD, "gates are tables"),
        ("checks = 3\n" + GOOD, "checks must be a table"),
        (GOOD + "[checks]\nspeaker = 1", "'speaker' is not a key here"),
        (GOOD + "[checks]\nsource = 3", "source is 3, wanted text in quotes"),
        (GOOD + "[checks]\nseverity = 3", "severity must be a table"),
        (GOOD + "[checks.severity]\nleak = 'note'", "'leak' is no check; did you mean leaks?"),
        (GOOD + "[checks.severity]\nleaks = 'bad'", "wanted one of error, warning, note, off"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_file(text, sentence):
    with pytest.raises(ConfigError, match=r"^datasets/pets/dataset\.toml") as caught:
        parse(text)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "..", "Pets", "my-pets", "1pets", "main", "a/b", "a" * 64])
def test_a_name_that_is_no_folder_and_no_schema_is_refused(name):
    with pytest.raises(ConfigError, match="cannot name a dataset"):
        check_name(name)


def test_a_name_that_sql_keeps_for_itself_is_refused_as_such():
    with pytest.raises(ConfigError, match="SQL has a schema of that name"):
        check_name("information_schema")


def test_checks_are_set_in_the_description():
    text = GOOD + "[checks]\nsource = 'speaker'\n[checks.severity]\nleaks = 'note'\nown = 'off'"
    config = parse_config(text, name="pets", where="datasets/pets/dataset.toml", own_checks=["own"])
    assert config.checks.source == "speaker"
    assert config.checks.severity == {"leaks": "note", "own": "off"}
