"""Every function and operator of our dialect, as the checker is told of it.

The standard declarations are replaced, not extended: they know neither that an int may meet a double nor
that a field without a value is null, and operators cannot be given further overloads (decision 0010).
Result types follow arguments, so that the checker says `dyn` only where nothing is known.
"""

_NUMERIC = "(int,int):int (int,double):double (double,int):double (double,double):double"
_ORDERED = "(int,int) (int,double) (double,int) (double,double) (bool,bool) (string,string) \
 (timestamp,timestamp) (duration,duration)"
_EQUATABLE = "(~A,~A) (int,double) (double,int) (list<int>,list<double>) (list<double>,list<int>) \
 (~A,null) (null,~A)"
# To the checker null is a datetime, a duration, a record or an optional anyway: one more overload that fits
# would make the result dyn.
_CHOICE = "(bool,~A,~A):~A " + " ".join(
    f"(bool,{type_},null):{type_} (bool,null,{type_}):{type_}"
    for type_ in ("bool", "int", "double", "string", "list<~A>", "map<~A,~B>")
)
_DATE_PART = "timestamp.():int timestamp.(string):int"
_TIME_PART = f"{_DATE_PART} duration.():int"

# Name to overloads, each `[receiver.](arguments)[:result]`; a result that is left out is bool.
SIGNATURES: dict[str, str] = {
    "_==_": _EQUATABLE,
    "_!=_": _EQUATABLE,
    "_<_": _ORDERED,
    "_<=_": _ORDERED,
    "_>_": _ORDERED,
    "_>=_": _ORDERED,
    "@in": "(~A,list<~A>) (int,list<double>) (double,list<int>) (~A,map<~A,~B>)",
    "_?_:_": _CHOICE,
    "_+_": f"{_NUMERIC} (string,string):string (list<~A>,list<~A>):list<~A> (timestamp,duration):timestamp \
 (duration,timestamp):timestamp (duration,duration):duration",
    "_-_": f"{_NUMERIC} (timestamp,timestamp):duration (timestamp,duration):timestamp \
 (duration,duration):duration",
    "_*_": _NUMERIC,
    "_/_": _NUMERIC,
    "_%_": _NUMERIC,
    "-_": "(int):int (double):double",
    # conversions
    "int": "(int):int (double):int (string):int (timestamp):int",
    "double": "(int):double (double):double (string):double",
    "string": "(string):string (int):string (double):string (bool):string (timestamp):string \
 (duration):string",
    "bool": "(bool) (string)",
    "timestamp": "(timestamp):timestamp (string):timestamp (int):timestamp",
    "duration": "(duration):duration (string):duration",
    "dyn": "(~A):dyn",
    # texts
    "size": "(string):int (list<~A>):int (map<~A,~B>):int string.():int list<~A>.():int map<~A,~B>.():int",
    "contains": "string.(string)",
    "startsWith": "string.(string)",
    "endsWith": "string.(string)",
    "matches": "string.(string) (string,string)",
    "lowerAscii": "string.():string",
    "upperAscii": "string.():string",
    "trim": "string.():string",
    "charAt": "string.(int):string",
    "indexOf": "string.(string):int string.(string,int):int",
    "substring": "string.(int):string string.(int,int):string",
    "replace": "string.(string,string):string string.(string,string,int):string",
    "split": "string.(string):list<string> string.(string,int):list<string>",
    "join": "list<string>.():string list<string>.(string):string",
    # times
    "getFullYear": _DATE_PART,
    "getMonth": _DATE_PART,
    "getDate": _DATE_PART,
    "getDayOfMonth": _DATE_PART,
    "getDayOfWeek": _DATE_PART,
    "getDayOfYear": _DATE_PART,
    "getHours": _TIME_PART,
    "getMinutes": _TIME_PART,
    "getSeconds": _TIME_PART,
    "getMilliseconds": _TIME_PART,
    "plus": "(timestamp,string):timestamp",
    "local": "(timestamp):timestamp",
    # lists
    "sum": "(list<int>):int (list<double>):double",
    "sort_by": "(list<~A>,string):list<~A>",
    "group_by": "(list<~A>,string):map<string,list<~A>>",
}

# Of rules about what happened: an own type, so that nothing else can be done with a window.
OF_EVENTS: dict[str, str] = {
    "events": "(string,string):events",
    "count": "events.():int",
    "first": "events.():timestamp",
    "last": "events.():timestamp",
}

# Taken over unchanged; `_[_]` because the extension for optionals adds to it.
_STANDARD = ("@not_strictly_false", "_&&_", "_||_", "!_", "_[_]")

# Names that the reader of signatures takes for type parameters; their arguments are listed one by one.
_BRACKETS = ("_<_", "_<=_", "_>_", "_>=_")


def signatures(*, counts_events: bool) -> dict[str, str]:
    """The functions of a scope, by name."""
    return {**SIGNATURES, **OF_EVENTS} if counts_events else SIGNATURES


def environment_yaml(*, counts_events: bool) -> str:
    """The checker's configuration without variables."""
    lines = ["stdlib:", "  include_functions:"]
    lines += [f'    - name: "{name}"' for name in _STANDARD]
    lines += ["extensions:", "  - name: optional", "    version: 1", "functions:"]
    for name, overloads in signatures(counts_events=counts_events).items():
        lines += [f'  - name: "{name}"', "    overloads:"]
        lines += [_overload_yaml(name, overload) for overload in overloads.split()]
    return "\n".join(lines)


def _overload_yaml(name: str, overload: str) -> str:
    form, _, result = overload.partition("):")
    receiver, _, arguments = form.rstrip(")").rpartition("(")
    identity = f'id: "{receiver}{name}({arguments})", return: "{result or "bool"}"'
    if name in _BRACKETS:
        listed = ", ".join(f"{{type_name: {argument}}}" for argument in arguments.split(","))
        return f"      - {{{identity}, args: [{listed}]}}"
    return f'      - {{{identity}, signature: "{receiver}{name}({arguments})"}}'
