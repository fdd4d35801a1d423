"""Reads the text of a filter: MLflow's filter strings, and what goes beyond them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from lineal.errors import BadFilter
from lineal.search.building import SCOPES, Builder, Wrong, field_of
from lineal.search.terms import Field, Term, Words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lark import Lark, Token
    from lark.exceptions import UnexpectedInput

LONGEST = 100_000
"""Characters of a filter."""
DEEPEST = 20
"""Parentheses within one another: SQLite's parser has a stack of a hundred."""
MOST = 200
"""Comparisons and words in a filter: SQLite's expressions are at most a thousand deep."""
MOST_STEPS = 50
"""Signs of arithmetic in a filter."""
MOST_VALUES = 10_000
"""Values of lists in a filter."""

_PREFIX = rf"(?i:live|{'|'.join(sorted(SCOPES, reverse=True))})"
_ALONE = r"\b(?![.\-\/:@]\w)"
_QUOTED = r"""(?:`[^`]+`|"[^"]+")"""
# A name goes on over `-` and `/` only where a letter follows: `a -1` and `a - b` are sums, `val/loss` is a name.
_REST = rf"(?:[.:@]\w+|[\/-](?!{_PREFIX}\.)[^\W\d]\w*)*"
_NAME = rf"(?:(?i:live)\s*\.\s*)?{_PREFIX}\s*\.\s*{_QUOTED}|`[^`]+`|[^\W\d]\w*{_REST}"

_GRAMMAR = rf"""
start: either
either: both (_OR both)*
both: one (_AND? one)*
?one: _NOT one -> negated
    | compared
?compared: sum
    | sum COMPARE sum -> comparison
    | sum (IN | NOT_IN) _LPAR value (_COMMA value)* _RPAR -> among
    | sum (IS_NULL | IS_NOT_NULL) -> missing
?sum: product
    | sum (PLUS | MINUS) product -> arithmetic
?product: signed
    | product (TIMES | OVER) signed -> arithmetic
?signed: MINUS signed -> minus
    | atom
?atom: literal
    | NAME -> field
    | OTHER -> other
    | _LPAR either _RPAR
literal: NUMBER | DATE | DURATION | SINGLE | DOUBLE | TRUE | FALSE | NULL
value: MINUS? literal

_AND.7: /and{_ALONE}/i
_OR.7: /or{_ALONE}/i
_NOT.7: /not{_ALONE}/i
IN.7: /in\b(?=\s*\()/i
NOT_IN.8: /not\s+in\b(?=\s*\()/i
IS_NULL.8: /is\s+null{_ALONE}/i
IS_NOT_NULL.8: /is\s+not\s+null{_ALONE}/i
COMPARE.8: /(not\s+)?i?like{_ALONE}|==|!=|<>|<=|>=|=|<|>/i
TRUE.7: /true{_ALONE}/i
FALSE.7: /false{_ALONE}/i
NULL.7: /(null|none){_ALONE}/i
DATE.7: /\d{{4}}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?(?![\w.])/
DURATION.6: /\d+(\.\d+)?(us|ms|min|mo|[smhdwy])(?![\w.])/
NUMBER.5: /(((\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?)(?![\w.])|(inf(inity)?|nan){_ALONE})/i
SINGLE.5: /'([^']|\'\')*'/
DOUBLE.5: /"([^"]|\"\")*"/
NAME.4: /{_NAME}/
OTHER.1: /[^\s()=<>!,'"`+*\/-][^\s()=<>!,'"`]*/
PLUS: "+"
MINUS: "-"
TIMES: "*"
OVER: "/"
_LPAR: "("
_RPAR: ")"
_COMMA: ","
%ignore /\s+/
"""

_OPERATORS = re.compile(r"[=<>!()'\"`]|\b(?:and|or|not|i?like|is\s+(?:not\s+)?null)\b|\bin\s*\(", re.IGNORECASE)


def parse(text: str) -> Term:
    """Read a filter.

    Text without any operator is plain words. Words between comparisons have to be found, too: `digits auc > 0.9`.

    Raises:
        BadFilter: it makes no sense, is empty, or is too large.
    """
    if len(text) > LONGEST:
        why = f"it has {len(text):,} characters; at most {LONGEST:,} fit"
        raise BadFilter(text=text[:LONGEST], at=0, why=why)
    check_letters(text)
    stripped = text.strip()
    if not stripped:
        raise BadFilter(text=text, at=0, why="it is empty", hint="such as metrics.auc > 0.9 AND status = 'finished'")
    if is_plain(text):
        return Words(stripped, text.index(stripped))
    return _parse(text)


def check_letters(text: str) -> None:
    """Take a text as one that can be looked for.

    Raises:
        BadFilter: it has halves of letters in it, as what was not UTF-8 leaves them.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        clean = text.encode(errors="replace").decode()
        raise BadFilter(text=clean, at=error.start, why="this is no letter") from None


def parse_field(text: str, at: int = 0) -> Field:
    """The field that a text names, whatever signs are in its name; `at` is where it stands."""
    return field_of(text.strip(), at)


def is_plain(text: str) -> bool:
    """Whether a text is nothing but words to look for."""
    return not _OPERATORS.search(text)


@lru_cache(maxsize=64)
def _parse(text: str) -> Term:
    from lark.exceptions import UnexpectedInput  # noqa: PLC0415  plain words need none of it

    parser = _parser()
    try:
        _measure(parser.lex(text))
        # What the parser builds is what the callbacks return.
        return cast("Term", parser.parse(text))
    except Wrong as wrong:
        raise BadFilter(text=text, at=wrong.at, why=wrong.why, hint=wrong.hint) from None
    except UnexpectedInput as error:
        raise _mistake(text, error) from None


@lru_cache(maxsize=1)
def _parser() -> Lark:
    from lark import Lark  # noqa: PLC0415  most commands filter nothing

    # Terms are built while it parses: a tree that is walked afterwards would bound how deep a filter may be.
    return Lark(_GRAMMAR, parser="lalr", lexer="basic", transformer=Builder(), maybe_placeholders=False)


def _measure(tokens: Iterable[Token]) -> None:
    """Refuse what is too large, so that neither this nor SQLite comes to an end of its own."""
    depth = parts = steps = values = 0
    is_list = False
    for token in tokens:
        match token.type:
            case "_LPAR":
                depth += 1
            case "_RPAR":
                depth -= 1
                is_list = False
            case "PLUS" | "MINUS" | "TIMES" | "OVER":
                steps += 1
            case "_COMMA":
                values += 1
            case "IN" | "NOT_IN":
                is_list = True
            case "NAME" | "OTHER" | "SINGLE" | "DOUBLE" | "NUMBER" | "DATE" | "DURATION":
                parts += not is_list
        for count, most, what in (
            (depth, DEEPEST, "parentheses within one another"),
            (steps, MOST_STEPS, "steps of arithmetic"),
            (values, MOST_VALUES, "values in lists"),
            (parts, 2 * MOST, "fields, values and words"),
        ):
            if count > most:
                raise Wrong(token.start_pos or 0, f"it has too many {what}; at most {most:,} fit")


def _mistake(text: str, error: UnexpectedInput) -> BadFilter:
    from lark.exceptions import UnexpectedToken  # noqa: PLC0415  few filters are wrong

    if not isinstance(error, UnexpectedToken):
        at = error.pos_in_stream or 0
        sign = text[at]
        why = "this quote is not closed" if sign in "'\"`" else f"{sign} means nothing here"
        return BadFilter(text=text, at=at, why=why)
    token: Token = error.token
    is_end = token.type == "$END"
    at = len(text.rstrip()) if is_end else token.start_pos or 0
    found = "it ends" if is_end else f"{str(token)!r} stands"
    expected = error.expected
    if "COMPARE" in expected and "_LPAR" not in expected:
        wanted = "a comparison such as > or ="
    elif "_RPAR" in expected and is_end:
        wanted = "a closing parenthesis"
    elif "_COMMA" in expected:
        wanted = "a comma or a closing parenthesis"
    elif "NAME" in expected:
        wanted = "a field or a value"
    elif "NUMBER" in expected:
        wanted = "a value"
    elif "_LPAR" in expected:
        wanted = "an opening parenthesis"
    else:
        wanted = "AND or OR"
    return BadFilter(text=text, at=at, why=f"{found} where {wanted} should be")
