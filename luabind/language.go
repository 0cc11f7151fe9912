package luabind

// language are the parts of Lua 5.1 that scripts have, for the reference; package vm builds them. They mean what
// the reference manual says (https://www.lua.org/manual/5.1/), except where the text says otherwise.
var language = []*module{&baseModule, &stringModule, &tableModule, &mathModule, &coroutineModule}

// lang declares a function of Lua itself.
func lang(name, signature, doc, example string) fn {
	return fn{Name: name, signature: signature, Doc: doc, Example: example, Where: anywhere}
}

var baseModule = module{
	Name: "base",
	Doc: "What is there without a module's name. There is no load, dofile, loadstring, module, getfenv, setfenv, collectgarbage, newproxy, os, io, package " +
		"or debug: nothing that leads out of the sandbox. Globals are strict: to read or assign one that nothing declares is an error, found when the script is loaded.",
	Fns: []fn{
		lang("assert", "v [, message]", "Raises message if v is nil or false, else returns all its arguments: assert(f()) takes what f gives, or raises its error.", `assert(1 + 1 == 2, "arithmetic is broken")`),
		lang("error", "message [, level]", "Raises an error. A callback's error is logged with file and line; the request in hand is answered ESME_RX_T_APPN.", `assert(not pcall(error, "boom"))`),
		lang("getmetatable", "table", "Gives a table's metatable. Those of strings and of the host's objects are not shown.", `assert(getmetatable({}) == nil)`),
		lang("ipairs", "table", "Goes through 1, 2, ... up to the first nil, in a for loop.", `for i, v in ipairs { "a", "b" } do assert(#v == 1) end`),
		lang("next", "table [, key]", "Gives the next key and value; next(t) == nil tells an empty table.", `assert(next({}) == nil)`),
		lang("pairs", "table", "Goes through all keys and values, in no order, in a for loop.", `for k, v in pairs { a = 1 } do assert(k == "a" and v == 1) end`),
		lang("pcall", "f, ...", "Calls f and returns true and its results, or false and the error. A limit that is exceeded is no error that it catches: the script is stopped all the same.", `local ok, err = pcall(error, { code = "mine" })
assert(not ok and err.code == "mine")`),
		lang("print", "...", "Writes a line at the level info of the host's log.", `print("state", 42)`),
		lang("rawequal", "a, b", "Compares without metamethods.", `assert(rawequal("a", "a"))`),
		lang("rawget", "table, key", "Reads without metamethods.", `assert(rawget({ a = 1 }, "a") == 1)`),
		lang("rawset", "table, key, value", "Writes without metamethods. The host's tables are refused.", `assert(rawset({}, "a", 1).a == 1)`),
		lang("require", "name", `Gives a module of the host, or what another script below the script root returns: require "lib.text" runs lib/text.lua, once. A file that returns nothing raises: it is half-written, most likely. The name must stand there in quotes: all is compiled, and found missing, when the script is loaded.`, `local json = require "json"
assert(json.decode("[1]")[1] == 1)`),
		lang("select", "n, ...", `Gives the arguments from number n on; select("#", ...) counts them.`, `assert(select("#", "a", nil) == 2)`),
		lang("setmetatable", "table, metatable", "Sets a table's metatable. There is no __gc and no __mode: nothing in a state ends unseen.", `local t = setmetatable({}, { __index = function(_, k) return k end })
assert(t.x == "x")`),
		lang("tonumber", "v [, base]", "Reads a number, or gives nil. Addresses and ids are not for it: they would lose their zeros, or digits.", `assert(tonumber("0x10") == 16)`),
		lang("tostring", "v", "Gives the text of any value; errors, reasons and PDUs read well.", `assert(tostring(nil) == "nil")`),
		lang("type", "v", `Names the type: "nil", "boolean", "number", "string", "table", "function", "thread" or "userdata", which the host's objects are.`, `assert(type({}) == "table")`),
		lang("unpack", "list [, i [, j]]", "Gives the elements of a list as values, at most 8,000.", `assert(select("#", unpack { 1, 2, 3 }) == 3)`),
		lang("xpcall", "f, handler", "Calls f as pcall does, and the handler with its error.", `assert(select(2, xpcall(function() error("x", 0) end, function(err) return err .. "!" end)) == "x!")`),
	},
	Values: []value{{Name: "_VERSION", Type: stringType, Doc: `The language: "Lua 5.1".`}},
}

var stringModule = module{
	Name: "string",
	Doc: "Strings of octets; also as methods: s:upper(). Positions count octets from 1, negative ones from the end. A match takes steps, which are charged like " +
		"instructions, so no pattern runs away; no function makes more than 4 MiB. For Unicode text in messages see sms and re.",
	Fns: []fn{
		lang("byte", "s [, i [, j]]", "Gives the octets at i to j as numbers.", `assert(("A"):byte() == 65)`),
		lang("char", "...", "Makes a string of octets.", `assert(string.char(72, 105) == "Hi")`),
		lang("find", "s, pattern [, init [, plain]]", "Finds a Lua pattern: where it starts, where it ends, and its captures; nil if nowhere.", `assert(("abc123"):find("%d") == 4)`),
		lang("format", "format, ...", "Formats values: %d %i %u %c %x %X %o %e %E %f %g %G %q %s %%.", `assert(("%03d %s"):format(7, "x") == "007 x")`),
		lang("gmatch", "s, pattern", "Goes through all matches, in a for loop.", `for word in ("a b"):gmatch("%a+") do assert(#word == 1) end`),
		lang("gsub", "s, pattern, repl [, n]", "Replaces matches, by a string with %1, a table or a function, and gives the number too.", `assert(("a-b"):gsub("-", "+") == "a+b")`),
		lang("len", "s", "Counts octets, as #s does.", `assert(("€"):len() == 3)`),
		lang("lower", "s", "Writes A to Z small. Other octets stay.", `assert(("STOP"):lower() == "stop")`),
		lang("match", "s, pattern [, init]", "Gives the captures of the first match, or all of it.", `assert(("id:42"):match("id:(%d+)") == "42")`),
		lang("rep", "s, n", "Repeats a string.", `assert(("ab"):rep(2) == "abab")`),
		lang("reverse", "s", "Turns the octets round.", `assert(("abc"):reverse() == "cba")`),
		lang("sub", "s, i [, j]", "Gives the octets from i to j.", `assert(("abc"):sub(-2) == "bc")`),
		lang("upper", "s", "Writes a to z large. Other octets stay.", `assert(("stop"):upper() == "STOP")`),
	},
}

var tableModule = module{
	Name: "table",
	Doc:  "Lists. What they do is charged by its size.",
	Fns: []fn{
		lang("concat", "list [, sep [, i [, j]]]", "Joins strings and numbers.", `assert(table.concat({ 1, 2 }, ",") == "1,2")`),
		lang("getn", "list", "Counts the elements, as #list does.", `assert(table.getn { 1, 2 } == 2)`),
		lang("insert", "list, [pos,] value", "Puts a value at the end, or at a place.", `local t = { 1 }
table.insert(t, 2)
assert(#t == 2)`),
		lang("maxn", "table", "Gives the largest number that is a key.", `assert(table.maxn { [5] = true } == 5)`),
		lang("remove", "list [, pos]", "Takes the last value out, or the one at a place.", `assert(table.remove { 1, 2 } == 2)`),
		lang("sort", "list [, less]", "Sorts in place.", `local t = { 2, 1 }
table.sort(t)
assert(t[1] == 1)`),
	},
}

func mathFn(name, signature, doc, check string) fn {
	return lang(name, signature, doc, "assert("+check+")")
}

var mathModule = module{
	Name: "math",
	Doc:  "Arithmetic. The random generator is shared and seeded by the host; for what must not be guessed there is crypto.random.",
	Fns: []fn{
		mathFn("abs", "x", "Gives the absolute value.", "math.abs(-1) == 1"),
		mathFn("acos", "x", "Gives the arc cosine, in radians.", "math.acos(1) == 0"),
		mathFn("asin", "x", "Gives the arc sine, in radians.", "math.asin(0) == 0"),
		mathFn("atan", "x", "Gives the arc tangent, in radians.", "math.atan(0) == 0"),
		mathFn("atan2", "y, x", "Gives the arc tangent of y/x by its quadrant.", "math.atan2(0, 1) == 0"),
		mathFn("ceil", "x", "Rounds up.", "math.ceil(1.2) == 2"),
		mathFn("cos", "x", "Gives the cosine.", "math.cos(0) == 1"),
		mathFn("cosh", "x", "Gives the hyperbolic cosine.", "math.cosh(0) == 1"),
		mathFn("deg", "x", "Turns radians into degrees.", "math.deg(math.pi) == 180"),
		mathFn("exp", "x", "Gives e to the power of x.", "math.exp(0) == 1"),
		mathFn("floor", "x", "Rounds down.", "math.floor(1.8) == 1"),
		mathFn("fmod", "x, y", "Gives the rest of x/y, with the sign of x.", "math.fmod(7, 3) == 1"),
		mathFn("frexp", "x", "Takes a number apart into mantissa and exponent.", "math.frexp(8) == 0.5"),
		mathFn("ldexp", "m, e", "Gives m times 2 to the power of e.", "math.ldexp(0.5, 4) == 8"),
		mathFn("log", "x", "Gives the natural logarithm.", "math.log(1) == 0"),
		mathFn("log10", "x", "Gives the logarithm to the base of 10.", "math.log10(100) == 2"),
		mathFn("max", "x, ...", "Gives the greatest.", "math.max(1, 3, 2) == 3"),
		mathFn("min", "x, ...", "Gives the least.", "math.min(3, 1, 2) == 1"),
		mathFn("modf", "x", "Gives the whole part and the rest.", "math.modf(2.5) == 2"),
		mathFn("pow", "x, y", "Gives x to the power of y, as x^y does.", "math.pow(2, 10) == 1024"),
		mathFn("rad", "x", "Turns degrees into radians.", "math.rad(180) == math.pi"),
		mathFn("random", "[m [, n]]", "Gives a number from 0 to 1, a whole one from 1 to m, or from m to n.", "math.random(6) <= 6"),
		mathFn("sin", "x", "Gives the sine.", "math.sin(0) == 0"),
		mathFn("sinh", "x", "Gives the hyperbolic sine.", "math.sinh(0) == 0"),
		mathFn("sqrt", "x", "Gives the square root.", "math.sqrt(16) == 4"),
		mathFn("tan", "x", "Gives the tangent.", "math.tan(0) == 0"),
		mathFn("tanh", "x", "Gives the hyperbolic tangent.", "math.tanh(0) == 0"),
	},
	Values: []value{
		{Name: "huge", Type: numberType, Doc: "Infinity."},
		{Name: "pi", Type: numberType, Doc: "The number pi."},
	},
}

var coroutineModule = module{
	Name: "coroutine",
	Doc:  "Coroutines, within one callback or task: they do not wait for anything. What waits is a task: esme.spawn. All count on the budget of what runs them.",
	Fns: []fn{
		lang("create", "f", "Makes a coroutine.", `assert(type(coroutine.create(function() end)) == "thread")`),
		lang("resume", "co, ...", "Runs it up to its next yield: true and what it yields, or false and its error.", `local co = coroutine.create(function(a) return a + 1 end)
assert(select(2, coroutine.resume(co, 1)) == 2)`),
		lang("running", "", "Gives the coroutine that runs; nil outside of any.", `assert(coroutine.running() == nil)`),
		lang("status", "co", `Tells "running", "suspended", "normal" or "dead".`, `assert(coroutine.status(coroutine.create(function() end)) == "suspended")`),
		lang("wrap", "f", "Makes a coroutine that is resumed by calling it.", `local count = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
assert(count() == 1 and count() == 2)`),
		lang("yield", "...", "Gives values to what resumed the coroutine. Not across pcall, a metamethod or a Go function: that raises.", `local co = coroutine.wrap(function() coroutine.yield("here") end)
assert(co() == "here")`),
	},
}
