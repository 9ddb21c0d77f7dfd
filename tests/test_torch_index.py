"""A machine without a card gets the small torch, where its index answers."""

from __future__ import annotations

import http.server
import threading

import pytest

import torch_index


class Index(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.send_response(200 if self.path == "/cpu/torch/" else 404)
        self.end_headers()

    def log_message(self, *arguments):
        """Keep the tests' output clean."""


@pytest.fixture
def host():
    with http.server.HTTPServer(("127.0.0.1", 0), Index) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_no_card_and_an_index_that_answers_give_the_small_torch(host):
    flags, sentence = torch_index.pip_flags("Linux", devices=[], index=f"{host}/cpu")
    assert flags == f"--extra-index-url {host}/cpu" and "no card" in sentence


def test_a_card_keeps_what_pip_finds(host, tmp_path):
    card = tmp_path / "nvidia0"
    card.touch()
    flags, sentence = torch_index.pip_flags("Linux", devices=[str(card)], index=f"{host}/cpu")
    assert flags == "" and str(card) in sentence


@pytest.mark.parametrize("path", ["missing", "cpu/torch"])
def test_an_index_that_refuses_keeps_what_pip_finds(host, path):
    flags, sentence = torch_index.pip_flags("Linux", devices=[], index=f"{host}/{path}")
    assert flags == "" and "does not answer" in sentence


def test_nobody_listening_keeps_what_pip_finds(host):
    index = "http://127.0.0.1:9"  # the port of the discard service, which nothing serves
    assert torch_index.pip_flags("Linux", devices=[], index=index)[0] == ""


@pytest.mark.parametrize("system", ["Darwin", ""])
def test_other_systems_are_not_asked(system, host):
    assert torch_index.pip_flags(system, devices=[], index=f"{host}/cpu")[0] == ""


def test_make_reads_flags_alone(capsys):
    """What is said to people goes to stderr: make takes stdout as flags."""
    torch_index.main("Darwin")
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("torch as PyPI has it, which is small on Darwin")
