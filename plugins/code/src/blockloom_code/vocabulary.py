"""The words that a code block may use: its modules and their names, its built-ins, its special methods."""

from typing import Final

MODULES: Final[dict[str, tuple[str, ...]]] = {
    name: tuple(words.split())
    for name, words in {
        "math": "acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf erfc exp "
        "exp2 expm1 fabs factorial floor fmod frexp fsum gamma gcd hypot inf isclose isfinite isinf isnan isqrt lcm "
        "ldexp lgamma log log10 log1p log2 modf nan nextafter perm pi pow prod radians remainder sin sinh sqrt "
        "sumprod tan tanh tau trunc ulp",
        "json": "dumps loads JSONDecodeError",
        "re": "compile match fullmatch search sub subn split findall finditer escape error Pattern Match "
        "A ASCII I IGNORECASE M MULTILINE S DOTALL X VERBOSE U UNICODE RegexFlag NOFLAG",
        "datetime": "date datetime time timedelta timezone UTC MINYEAR MAXYEAR",
        "statistics": "mean fmean geometric_mean harmonic_mean median median_low median_high median_grouped mode "
        "multimode pstdev pvariance stdev variance quantiles covariance correlation linear_regression kde "
        "NormalDist StatisticsError",
        "itertools": "accumulate batched chain combinations combinations_with_replacement compress count cycle "
        "dropwhile filterfalse groupby islice pairwise permutations product repeat starmap takewhile tee zip_longest",
        "functools": "reduce partial lru_cache cache cmp_to_key wraps total_ordering",
        "collections": "Counter defaultdict OrderedDict deque ChainMap namedtuple",
        "random": "random randint randrange choice choices sample shuffle uniform triangular gauss normalvariate "
        "lognormvariate expovariate betavariate gammavariate paretovariate weibullvariate vonmisesvariate "
        "getrandbits randbytes seed Random",
        "string": "ascii_letters ascii_lowercase ascii_uppercase digits hexdigits octdigits punctuation printable "
        "whitespace capwords Template",
        "textwrap": "wrap fill shorten dedent indent",
        "decimal": "Decimal Context getcontext setcontext localcontext ROUND_CEILING ROUND_DOWN ROUND_FLOOR "
        "ROUND_HALF_DOWN ROUND_HALF_EVEN ROUND_HALF_UP ROUND_UP ROUND_05UP DecimalException InvalidOperation "
        "DivisionByZero Overflow Underflow Inexact Rounded Subnormal Clamped FloatOperation",
        "fractions": "Fraction",
        "uuid": "UUID uuid3 uuid4 uuid5 NAMESPACE_DNS NAMESPACE_URL NAMESPACE_OID NAMESPACE_X500",
        "hashlib": "md5 sha1 sha224 sha256 sha384 sha512 sha3_224 sha3_256 sha3_384 sha3_512 blake2b blake2s "
        "shake_128 shake_256 pbkdf2_hmac",
        "base64": "b64encode b64decode standard_b64encode standard_b64decode urlsafe_b64encode urlsafe_b64decode "
        "b32encode b32decode b32hexencode b32hexdecode b16encode b16decode a85encode a85decode b85encode b85decode",
        "html": "escape unescape",
        "urllib": "parse",
        "urllib.parse": "quote quote_plus quote_from_bytes unquote unquote_plus unquote_to_bytes urlencode urlparse "
        "urlunparse urlsplit urlunsplit urljoin urldefrag parse_qs parse_qsl",
    }.items()
}
"""The modules that can be imported, and what each of them offers."""

_BUILTINS: Final = """
    abs all any ascii bin bool bytearray bytes callable chr classmethod complex dict divmod enumerate filter
    float format frozenset hash hex int isinstance issubclass iter len list map max min next object oct ord pow
    property range repr reversed round set slice sorted staticmethod str sum tuple zip
    ArithmeticError AssertionError AttributeError BufferError EOFError Exception FloatingPointError ImportError
    IndentationError IndexError KeyError LookupError MemoryError ModuleNotFoundError NameError
    NotImplementedError OSError OverflowError PermissionError FileNotFoundError RecursionError ReferenceError
    RuntimeError StopIteration SyntaxError SystemError TabError TimeoutError TypeError UnboundLocalError
    UnicodeDecodeError UnicodeEncodeError UnicodeError UnicodeTranslateError ValueError ZeroDivisionError
    Warning UserWarning DeprecationWarning RuntimeWarning FutureWarning
    Ellipsis NotImplemented
"""
BUILTINS: Final = tuple(_BUILTINS.split())
"""The built-ins that are Python's own."""

GUARDED: Final = ("getattr", "hasattr", "setattr", "delattr", "print", "type")
"""The built-ins that are the block's own, behind a guard."""

SPECIAL_METHODS: Final = (
    "__init__",
    "__contains__",
    "__lt__",
    "__le__",
    "__eq__",
    "__ne__",
    "__gt__",
    "__ge__",
)
"""The special methods that a class in a block may define."""

_MISSING: Final = """
    open input exec eval compile globals locals vars dir breakpoint exit quit help super memoryview id __import__
    aiter anext BaseException SystemExit KeyboardInterrupt GeneratorExit BaseExceptionGroup ExceptionGroup
"""
MISSING: Final = frozenset(_MISSING.split())
"""Built-ins of Python that a block does not have."""
