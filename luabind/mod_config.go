package luabind

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/luabind/vm"
)

var (
	argParam     = param{"name", stringType, `the key under args; "routes.default" is a key of a mapping`}
	defaultParam = func(t luaType) param {
		return param{"default", optional(t), "if the args have none; without it a missing one raises"}
	}
)

var configModule = module{
	Name: "config",
	Doc: "What the configuration gives the bind: its args, read with a type, and what it was allowed. A wrong or missing argument raises and " +
		"says which and what it must be; read them at the top of the script, and a mistake is found before the script takes over.",
	Fns: []fn{
		getter("string", stringType, `local greeting = config.string("greeting", "You said: ")`, nil),
		getter("number", numberType, `local retries = config.number("retries", 3, { min = 0, max = 10 })`, []param{
			{"bounds", optional(options(param{"min", optional(numberType), "the least"}, param{"max", optional(numberType), "the most"})), "what is allowed"}}),
		getter("boolean", booleanType, `local loud = config.boolean("loud", false)`, nil),
		getter("duration", durationType, `local wait = config.duration("wait", "5s")
assert(wait == 5)`, nil),
		getter("table", tableType, `for number, route in pairs(config.table("routes", {})) do log.info(number, { route = route }) end`, nil),
		{Name: "enum", Where: anywhere, Params: []param{argParam, {"words", listOf(stringType), "what is allowed"}, defaultParam(stringType)},
			Returns: []param{{"word", stringType, "one of them"}}, Doc: "Reads an argument that is one of some words.",
			Example: `local mode = config.enum("mode", { "echo", "drop" }, "echo")`, Do: configEnum},
		{Name: "secret", Where: anywhere, Params: []param{{"name", stringType, "under secrets in the configuration"}},
			Returns: []param{{"secret", secretType, "to be handed to http, crypto and pdu, and to nothing else"}},
			Doc: "Gives a secret that `allow: {secrets: [...]}` names. Its text cannot be read, printed, logged, sent or written as JSON; crypto.hmac, " +
				"crypto.equal, the headers and auth of http, and the password of a bind PDU take it. The password of such a PDU reads as the secret, not as its text.",
			Example: `local key = config.secret("api_key")
assert(tostring(key) == "secret api_key")`,
			Do: func(c *call) int {
				s := &secretValue{c.str(1)}
				if _, ok := c.gen.bind.opts.Allow.Secrets[s.name]; !ok {
					c.raise("the secret '%.40s' is not given to the bind: name it under secrets and in allow.secrets", s.name)
				}
				return c.push(s.Into(nil))
			}},
		{Name: "file", Where: anywhere, Params: []param{{"path", stringType, "below the script root"}},
			Returns: []param{{"octets", optional(stringType), "all that the file holds"}, fails("not_allowed, not_found, too_large")},
			Doc: "Reads a data file, such as a list of routes, that `allow: {files: [...]}` names; a name may have *, and /** at its end. Links do " +
				"not lead out of the script root. At most 4 MiB.",
			Example: `local routes = assert(json.decode(assert(config.file("data/routes.json"))))`, Do: configFile},
	},
	Kinds: []*kind{&secretKind},
}

// getter declares config.<name>.
func getter(name string, t luaType, example string, more []param) fn {
	what := t.what
	if i := strings.IndexByte(what, ':'); i > 0 {
		what = what[:i]
	}
	returns := param{"value", t, "the argument"}
	if name == "duration" {
		returns = param{"seconds", numberType, "the argument"}
	}
	return fn{Name: name, Where: anywhere, Params: append([]param{argParam, defaultParam(t)}, more...), Returns: []param{returns},
		Doc: "Reads an argument that is " + what + ".", Example: example,
		Do: func(c *call) int {
			v := c.arg(c.str(1), c.value(2))
			if !t.is(v) {
				c.raise("the argument '%s' must be %s, is %s (args of the bind %s)", c.str(1), t.what, given(v), c.gen.bind.opts.Name)
			}
			switch name {
			case "duration":
				d, _ := duration(v)
				v = lua.LNumber(d.Seconds())
			case "number":
				if lo, ok := c.option(3, "min").(lua.LNumber); ok && v.(lua.LNumber) < lo {
					c.raise("the argument '%s' must be at least %v, is %v (args of the bind %s)", c.str(1), lo, v, c.gen.bind.opts.Name)
				}
				if hi, ok := c.option(3, "max").(lua.LNumber); ok && v.(lua.LNumber) > hi {
					c.raise("the argument '%s' must be at most %v, is %v (args of the bind %s)", c.str(1), hi, v, c.gen.bind.opts.Name)
				}
			}
			return c.push(v)
		}}
}

// arg finds an argument by its path, or the default.
func (c *call) arg(name string, def lua.LValue) lua.LValue {
	d := c.gen.bind.opts.Args
	for key := range strings.SplitSeq(name, ".") {
		t, ok := d.(*vm.Table)
		if !ok {
			d = nil
			break
		}
		d = t.Hash[key]
	}
	if d == nil {
		if def == lua.LNil {
			c.raise("the bind %s has no argument '%s': give it under args, or a default here", c.gen.bind.opts.Name, name)
		}
		return def
	}
	return vm.GiveData(c.L, d)
}

// maxWords bounds the words that config.enum chooses from.
const maxWords = 1000

func configEnum(c *call) int {
	v := c.arg(c.str(1), c.value(3))
	list := c.value(2).(*lua.LTable)
	var words []string
	if n := list.Len(); n > maxWords {
		c.raise("argument 2 (words) has %d words, at most %d are taken", n, maxWords)
	}
	for i := 1; i <= list.Len(); i++ {
		c.charge(8)
		w, ok := list.RawGetInt(i).(lua.LString)
		if !ok {
			c.raise("argument 2 (words) must be a list of strings, [%d] is %s", i, given(list.RawGetInt(i)))
		}
		if w == v {
			return c.push(v)
		}
		words = append(words, diag.Shortened(string(w), 64))
	}
	c.raise("the argument '%s' must be one of %s, is %s; %s", c.str(1), strings.Join(words, ", "), given(v), didYouMean(v.String(), words))
	return 0
}

// secretValue is a secret as scripts hold it: its name. What it stands for is looked up where it is used, so
// that a bind that is sent one gets nothing by it.
type secretValue struct{ name string }

// Into gives the secret's value in another state.
func (s *secretValue) Into(*lua.LState) lua.LValue {
	return vm.NewUserData(s, secretMeta)
}

// Size is that of the name.
func (s *secretValue) Size() int { return 16 + len(s.name) }

// String shows that it is one.
func (s *secretValue) String() string { return "secret " + s.name }

var (
	secretType     = userType[*secretValue]("a secret", "Secret")
	secretOrString = luaType{what: "a string or a secret", editor: "string|Secret", is: func(v lua.LValue) bool { return stringType.is(v) || secretType.is(v) }}
	secretKind     = kind{Name: "Secret", Var: "secret", Doc: "A secret, as config.secret gives it: only functions that take one can use it."}
	secretMeta     *lua.LTable
)

func init() { secretMeta = secretKind.objects(secretType, nil) }

// secretPassword is the password of a PDU that was made with a secret, as scripts read it: the secret of the bind that
// has this text; for a bind that was given none such, one that nothing takes.
func secretPassword(L *lua.LState, text string) lua.LValue {
	given := vm.FromLua(L).User().(*generation).bind.opts.Allow.Secrets
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if given[name] == text {
			return (&secretValue{name}).Into(nil)
		}
	}
	return (&secretValue{"password"}).Into(nil)
}

// secretText is the text of an argument that may be a secret.
func (c *call) secretText(n int) string { return c.reveal(c.value(n)) }

// reveal is the text of a string or secret.
func (c *call) reveal(v lua.LValue) string {
	u, ok := v.(*lua.LUserData)
	if !ok {
		return lua.LVAsString(v)
	}
	s := u.Value.(*secretValue)
	text, ok := c.gen.bind.opts.Allow.Secrets[s.name]
	if !ok {
		c.raise("the secret '%s' is not given to the bind %s (option allow.secrets)", s.name, c.gen.bind.opts.Name)
	}
	return text
}

func configFile(c *call) int {
	allow, path := c.gen.bind.opts.Allow, c.str(1)
	if !fs.ValidPath(path) || !matches(allow.Files, path) {
		return c.fail(codeError(CodeNotAllowed, "%s may not read '%.80s' (option allow.files)", c.gen.bind.opts.Name, path))
	}
	octets, err := readBelow(allow.Root, path)
	if err != nil {
		return c.fail(err)
	}
	c.large(len(octets))
	return c.text(string(octets))
}

// readBelow reads a plain file below root; no link leads out.
func readBelow(dir, path string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, codeError("not_found", "the script root cannot be opened")
	}
	defer root.Close()
	st, err := root.Stat(path)
	switch {
	case err != nil:
		return nil, codeError("not_found", "%s: %s", path, fileReason(err))
	case !st.Mode().IsRegular():
		return nil, codeError("not_found", "%s is no plain file", path)
	case st.Size() > vm.MaxString:
		return nil, codeError("too_large", "%s has %d octets, at most %d are read", path, st.Size(), vm.MaxString)
	}
	f, err := root.Open(path)
	if err != nil {
		return nil, codeError("not_found", "%s: %s", path, fileReason(err))
	}
	defer f.Close()
	octets, err := io.ReadAll(io.LimitReader(f, vm.MaxString))
	if err != nil {
		return nil, codeError("not_found", "%s: %s", path, fileReason(err))
	}
	return octets, nil
}

func fileReason(err error) string {
	if pe, ok := err.(*fs.PathError); ok {
		return fmt.Sprint(pe.Err)
	}
	return err.Error()
}
