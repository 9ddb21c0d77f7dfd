"""Which language a text is in, by its script and its function words.

Function words are the most frequent words of a language and stand in nearly every sentence of it;
counting them is among the oldest ways to tell languages apart, and a good one from a sentence on
(Grefenstette, "Comparing two language identification schemes", JADT 1995). It needs no model and
no download; of a text of a few words it says nothing.
"""

from __future__ import annotations

import re
from collections import Counter

MIN_HITS = 3  # function words of the language
MIN_LEAD = 2.0  # times as many as of the next language
MIN_SHARE = 0.15  # of the words

_WORDS = {
    "cs": "že jsem jsou byl bylo jeho ale jako nebo když který podle není také po na se je do ve",
    "da": "og ikke det jeg har til med den af på der som vi kan være hvad meget blev fra eller",
    "de": "und der die das ist nicht ein eine ich mit auf für von dem den zu sich auch wie sie es",
    "en": "the and of to is that it was for with are this you what my have from not can how your",
    "es": "el que los las una por con para del es como más pero su mi no está en qué cuál muy y",
    "fi": "ja on ei että se hän oli mutta kun niin mitä minä joka ovat ole myös kuin tai minun",
    "fr": "le la les des et est une un dans pour qui que pas sur avec ce je vous nous du au aux",
    "hu": "a az és hogy nem is egy van meg ez volt csak mint vagy már azt lehet még ezt kell",
    "id": "yang dan di ini itu dengan untuk tidak dari dalam akan pada saya ada adalah ke bisa",
    "it": "il di che la per un una sono non con del della è gli come mi si anche più questo alla",
    "nl": "de het een en van ik niet dat is op te zijn met voor er aan maar wat naar heb hoe je",
    "no": "og ikke det jeg har til med den av på som vi kan være hva meget ble fra eller hvor",
    "pl": "nie się jest na że do co jak ale tak to mam czy przez tylko już dla może jego po z w",
    "pt": "o que os uma um não para com do da em é se mais por mas como meu você está muito foi",
    "ro": "și nu este în la de un pe cu din care sunt pentru mai ce am să o fi dar ca sau acest",
    "sv": "och att det inte jag en är som på för med har till av den ett vi kan hur vad min var",
    "tr": "bir ve bu için ne çok da de mi ben daha var gibi ama olarak o kadar nasıl değil en",
    "vi": "là của và có không một được cho người với những này các tôi trong đã khi đến như",
}
_CYRILLIC = {
    "ru": "и в не на что с я как это по но он она из у мы вы так же было все для когда бы",
    "uk": "і в не на що з я як це та до але він вона від у ми ви так було все для коли є",
    "bg": "и в не на че с аз как това по но той тя от за ние да се ще са съм е като може",
}
# a script that one language alone is written in, or nearly so
_BY_SCRIPT = {
    "ARMENIAN": "hy",
    "BENGALI": "bn",
    "GEORGIAN": "ka",
    "GREEK": "el",
    "GUJARATI": "gu",
    "HANGUL": "ko",
    "HEBREW": "he",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "TAMIL": "ta",
    "TELUGU": "te",
    "THAI": "th",
}
_SETS = {
    script: {code: frozenset(words.split()) for code, words in table.items()}
    for script, table in (("LATIN", _WORDS), ("CYRILLIC", _CYRILLIC))
}
_WORD = re.compile(r"[^\W\d_]+")


def language_of(text: str, script: str | None) -> str | None:
    """Return the ISO 639-1 code of a text's language, None where its words do not tell it."""
    if script not in _SETS:
        return _BY_SCRIPT.get(script or "")
    words = _WORD.findall(text[:4000].lower())
    of_words = [[code for code, known in _SETS[script].items() if w in known] for w in words]
    hits = Counter(code for codes in of_words for code in codes)
    weights = dict.fromkeys(_SETS[script], 0.0)
    for codes in of_words:
        for code in codes:
            weights[code] += 1 / len(codes)  # a word of several languages says less of each
    (best, w), (_, w_next) = sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:2]
    n = hits[best]
    is_told = n >= MIN_HITS and w >= MIN_LEAD * w_next and n >= MIN_SHARE * len(words)
    return best if is_told else None
