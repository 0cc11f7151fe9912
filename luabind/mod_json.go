package luabind

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/luabind/vm"
)

// maxJSONDepth bounds how deep arrays and objects may be nested.
const maxJSONDepth = 128

var jsonModule = module{
	Name: "json",
	Doc: "JSON text to values and back. A string stays a string, whatever it looks like; a whole number beyond 2^53, which Lua could not hold, " +
		"becomes a string of its digits, so that no id is ever changed. Nesting is bounded at 128, texts at 4 MiB.",
	Fns: []fn{
		{Name: "encode", Where: anywhere,
			Params: []param{{"value", anyType, "nil, a boolean, number, string, table or json.null"},
				{"opts", optional(options(param{"indent", optional(countType), "spaces for each level; 0: one line"})), "how to write it"}},
			Returns: []param{{"text", optional(stringType), "the JSON text; keys are sorted"}, fails("invalid_utf8: a string is no text; use base64 or hex")},
			Doc: "Writes a value. A table with the keys 1 to n is an array, any other an object, the empty one {} unless json.array made it. " +
				"What has no JSON form, such as a function, a PDU or a number that is none, raises with its path.",
			Example: `local text = assert(json.encode { id = "007", to = { "1", "2" }, tags = json.array {} })
assert(text == '{"id":"007","tags":[],"to":["1","2"]}')`,
			Do: jsonEncode},
		{Name: "decode", Where: anywhere,
			Params: []param{{"text", stringType, "one JSON value"},
				{"opts", optional(options(param{"nulls", optional(oneOf("keep", "drop")), `"keep" (the default): null is json.null; "drop": null is nil, and absent from objects`})), "how to read it"}},
			Returns: []param{{"value", anyType, "what the text says"}, fails("invalid_json, too_deep, with line and column")},
			Doc:     "Reads a text. Of a key that an object has twice the last counts.",
			Example: `local v = assert(json.decode('{"id": 12345678901234567890, "n": 1.5, "gone": null}'))
assert(v.id == "12345678901234567890" and v.n == 1.5 and v.gone == json.null)`,
			Do: jsonDecode},
		{Name: "array", Where: anywhere, Params: []param{{"list", optional(tableType), "a list; a new one unless given"}},
			Returns: []param{{"list", tableType, "the same table"}},
			Doc:     "Marks a table as an array, so that it is written as [] even when it is empty. json.decode marks arrays so.",
			Example: `assert(json.encode(json.array()) == "[]")`,
			Do: func(c *call) int {
				t, ok := c.value(1).(*lua.LTable)
				if !ok {
					t = c.L.NewTable()
				}
				if t.Metatable != nil && t.Metatable != lua.LNil && t.Metatable != arrayMeta {
					c.raise("the table has a metatable of its own")
				}
				t.Metatable = arrayMeta
				return c.push(t)
			}},
	},
	Values: []value{{Name: "null", Type: luaType{what: "null", editor: "userdata"}, V: jsonNull,
		Doc: "Stands for null, which nil cannot inside a table. It is true as a condition: compare with == json.null."}},
}

// nullValue is the type of json.null. It goes from state to state as itself.
type nullValue struct{}

func (nullValue) Into(*lua.LState) lua.LValue  { return jsonNull }
func (nullValue) String() string               { return "null" }
func (nullValue) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

var (
	jsonNull  = &lua.LUserData{Value: nullValue{}}
	arrayMeta = shared.NewTable()
)

func init() {
	arrayMeta.RawSetString("__metatable", lua.LFalse)
	jsonNull.Metatable = newMeta("json.null", func(L *lua.LState) int {
		L.RaiseError("json.null has no fields: it stands for null")
		return 0
	}, func(L *lua.LState) int {
		L.Push(lua.LString("null"))
		return 1
	})
}

func jsonEncode(c *call) int {
	w := jsonWriter{c: c}
	if n, ok := c.option(2, "indent").(lua.LNumber); ok {
		if n > 16 {
			c.raise("option 'indent' must be at most 16, is %v", n)
		}
		w.indent = int(n)
	}
	if err := w.write(c.value(1), "value"); err != nil {
		return c.fail(err)
	}
	c.large(len(w.out))
	return c.text(string(w.out))
}

func jsonDecode(c *call) int {
	text := c.str(1)
	if len(text) > vm.MaxString {
		return c.fail(codeError("too_large", "the text has %d octets, at most %d are read", len(text), vm.MaxString))
	}
	c.charge(len(text) / 16)
	r := jsonReader{c: c, src: text, drop: c.option(2, "nulls") == lua.LString("drop")}
	v, err := r.read()
	if err != nil {
		return c.fail(err)
	}
	return c.push(v)
}
