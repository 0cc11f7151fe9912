package luabind

import (
	"log/slog"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/luabind/vm"
)

var logModule = module{
	Name: "log",
	Doc: "Lines in the host's log, with the bind, the session, the script, its generation and its hash. A flood is cut: 200 lines at once, 100 a second, " +
		"and the next line says how many were not written. print writes at the level info.",
	Fns: []fn{
		logAt("debug", slog.LevelDebug, "What helps to find a mistake; not shown unless log.level is debug.", `log.debug("looked up", { to = p.destination_addr })`),
		logAt("info", slog.LevelInfo, "What an operator may want to know.", `log.info("message", { from = p.source_addr, text = p.text })`),
		logAt("warn", slog.LevelWarn, "What an operator should look at, some time.", `log.warn("refused", { status = "ESME_RTHROTTLED" })`),
		logAt("error", slog.LevelError, "What an operator must look at.", `log.error("no route", { to = p.destination_addr })`),
	},
}

func logAt(name string, level slog.Level, doc, example string) fn {
	return fn{Name: name, Where: anywhere, Doc: doc, Example: example,
		Params: []param{{"message", stringType, "the line"}, {"fields", optional(tableType), "what else is to be said, by name"}},
		Do: func(c *call) int {
			var attrs []any
			if t, ok := c.value(2).(*lua.LTable); ok {
				attrs = append(attrs, slog.Any("fields", c.logFields(t)))
			}
			if task := c.s.Task(); task != "" {
				attrs = append(attrs, "task", task)
			}
			c.gen.log(level, c.str(1), attrs...)
			return 0
		}}
}

// The most that a log line says: octets of its message and of a field, and fields.
const (
	maxLogged       = 4 << 10
	maxLoggedTable  = 4 * maxLogged // what is copied for a field: most of it is no text
	maxLoggedFields = 64
)

// logFields makes plain values of a table; what is no data is shown by its type.
func (c *call) logFields(t *lua.LTable) map[string]any {
	fields := map[string]any{}
	for k, v := t.Next(lua.LNil); k != lua.LNil && len(fields) < maxLoggedFields; k, v = t.Next(k) {
		c.charge(100)
		var x any = shown(v)
		switch v := v.(type) {
		case lua.LString:
			x = diag.Shortened(string(v), maxLogged)
		case lua.LNumber:
			x = float64(v)
		case lua.LBool:
			x = bool(v)
		case *lua.LTable:
			c.charge(maxLoggedTable / 32)
			if d, err := vm.Copy(v, "fields", maxLoggedTable); err == nil {
				if j, err := vm.JSON(d); err == nil && len(j) <= maxLogged {
					x = jsonText(j)
				}
			}
		case *lua.LUserData:
			if s, ok := v.Value.(interface{ String() string }); ok {
				x = s.String()
			}
		}
		fields[diag.Shortened(k.String(), maxLogged)] = x
	}
	return fields
}

// jsonText is JSON inside a log line: an object in a JSON log, its text in others.
type jsonText []byte

// MarshalJSON gives it as it is.
func (j jsonText) MarshalJSON() ([]byte, error) { return j, nil }

// String gives it as text.
func (j jsonText) String() string { return string(j) }

func printed(s *vm.State, text string) { s.User().(*generation).log(slog.LevelInfo, text) }

// log writes a line for the script. A flood is cut, and the cut is said.
func (g *generation) log(level slog.Level, message string, attrs ...any) {
	l := g.bind.log
	if g.handler != nil {
		l = g.handler.log
	}
	g.bind.flood.log(l, level, 1, diag.Shortened(message, maxLogged), append(append(attrs, "script", g.prog.Main), g.attrs()...)...)
}
