package luabind

import (
	"math"
	"path"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // zones by name on machines that have none

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/pdu"
)

var (
	whenParam = param{"t", optional(numberType), "seconds since 1970; now unless given"}
	zoneParam = param{"zone", optional(stringType), `such as "Europe/Berlin"; "UTC" unless given, "local" is the host's`}
	// The layouts are strftime's, which Lua's os.date has.
	layoutDoc = `as of strftime: %Y-%m-%d %H:%M:%S, %y %j %a %A %b %B %p %I %F %T %z %Z %L (milliseconds) %s (seconds since 1970) %%; RFC 3339 unless given`
)

var timeModule = module{
	Name: "time",
	Doc:  "The clock, and times as text. A time is a number: seconds since 1970 in UTC, with a fraction.",
	Fns: []fn{
		{Name: "now", Where: anywhere, Returns: []param{{"t", numberType, "seconds since 1970"}}, Doc: "Tells the time.", Example: `assert(time.now() > 1700000000)`,
			Do: func(c *call) int { return c.push(seconds(c.gen.bind.now())) }},
		{Name: "monotonic", Where: anywhere, Returns: []param{{"t", numberType, "seconds"}}, Doc: "Tells how long the host has run: for measuring, as nobody turns this clock.",
			Example: `local began = time.monotonic()
assert(time.monotonic() >= began)`,
			Do: func(c *call) int { return c.push(lua.LNumber(c.gen.bind.now().Sub(began).Seconds())) }},
		{Name: "format", Where: anywhere, Params: []param{whenParam, {"layout", optional(stringType), layoutDoc}, zoneParam}, Returns: []param{{"text", stringType, "the time"}},
			Doc: "Writes a time.", Example: `assert(time.format(0) == "1970-01-01T00:00:00Z")
assert(time.format(0, "%d.%m.%Y %H:%M", "Europe/Berlin") == "01.01.1970 01:00")`,
			Do: func(c *call) int {
				t := c.moment(1).In(c.zone(3))
				layout, ok := c.value(2).(lua.LString)
				if !ok {
					if t.Nanosecond() == 0 {
						return c.text(t.Format(time.RFC3339))
					}
					return c.text(t.Format("2006-01-02T15:04:05.999Z07:00"))
				}
				return c.text(c.strftime(t, string(layout)))
			}},
		{Name: "parse", Where: anywhere, Params: []param{{"text", stringType, "the time"}, {"layout", optional(stringType), "as in format, with numbers only; RFC 3339 unless given"}, zoneParam},
			Returns: []param{{"t", optional(numberType), "seconds since 1970"}, fails("invalid_time")},
			Doc:     "Reads a time; the zone counts where the text has none.", Example: `assert(time.parse("1970-01-01T01:00:00+01:00") == 0)
assert(time.parse("2401311200", "%y%m%d%H%M") == 1706702400)`,
			Do: timeParse},
		{Name: "smpp", Where: anywhere,
			Params: []param{{"when", luaType{what: `a time, or a duration such as "24h"`, editor: "number|string", is: func(v lua.LValue) bool {
				_, ok := duration(v)
				return ok || numberType.is(v)
			}}, `a number is a time, a text such as "24h" a time from now`}},
			Returns: []param{{"text", optional(stringType), "16 characters, for schedule_delivery_time and validity_period"}, fails("invalid_time: too far away")},
			Doc:     "Writes a time as SMPP does (SMPP 3.4 §7.1.1).",
			Example: `assert(time.smpp(0) == "700101000000000+")
assert(time.smpp("24h") == "000001000000000R")`,
			Do: func(c *call) int {
				if _, relative := c.value(1).(lua.LString); relative {
					d, _ := duration(c.value(1))
					t, err := pdu.After(d)
					if err != nil {
						return c.fail(codeError("invalid_time", "%v", err))
					}
					return c.text(t.String())
				}
				return c.text(pdu.Time{Absolute: c.moment(1).UTC()}.String())
			}},
		{Name: "parse_smpp", Where: anywhere, Params: []param{{"text", stringType, "16, 12 or 10 characters"}, zoneParam},
			Returns: []param{{"t", optional(numberType), "seconds since 1970; a time from now counts from now"}, fails("invalid_time")},
			Doc:     "Reads a time that SMPP writes; the zone counts for the short forms, which have none.",
			Example: `assert(time.parse_smpp("700101000000000+") == 0)
assert(time.parse_smpp("2401311200") == 1706702400)`,
			Do: func(c *call) int {
				if n := len(c.str(1)); n > 16 {
					return c.fail(codeError("invalid_time", "the text has %d octets, a time has 16, 12 or 10", n))
				}
				t, err := pdu.ParseTime(c.str(1), c.zone(2))
				if err != nil {
					return c.fail(codeError("invalid_time", "%v", err))
				}
				return c.push(seconds(t.In(c.gen.bind.now())))
			}},
	},
}

var began = time.Now()

func seconds(t time.Time) lua.LNumber {
	return lua.LNumber(float64(t.Unix()) + math.Round(float64(t.Nanosecond())/1000)/1e6)
}

// moment is the time at n, or now.
func (c *call) moment(n int) time.Time {
	v, ok := c.value(n).(lua.LNumber)
	if !ok {
		return c.gen.bind.now()
	}
	f := float64(v)
	if math.IsNaN(f) || f < -62135596800 || f >= 253402300800 {
		c.raise("argument %d (%s) must be a time of the years 1 to 9999, is %v", n, c.fn.Params[n-1].Name, v)
	}
	whole := math.Floor(f)
	return time.Unix(int64(whole), int64(math.Round((f-whole)*1e6))*1000)
}

// zones are few, and what one costs is charged to nobody: a bind is not to pay for what others did not ask for.
var zones sync.Map // *time.Location by name

func (c *call) zone(n int) *time.Location {
	name, ok := c.value(n).(lua.LString)
	switch {
	case !ok || name == "UTC":
		return time.UTC
	case name == "local":
		return time.Local
	}
	c.charge(20) // whether another bind has asked for it already or not
	if z, ok := zones.Load(string(name)); ok {
		return z.(*time.Location)
	}
	var z *time.Location
	if len(name) <= 64 && path.Clean(string(name)) == string(name) { // each is kept under one name; "" is none
		z, _ = time.LoadLocation(string(name))
	}
	if z == nil {
		c.charge(1000)
		c.raise("there is no time zone '%.40s': it is a name such as Europe/Berlin", string(name))
	}
	zones.Store(strings.Clone(string(name)), z)
	return z
}

// verbs are strftime's conversions as Go writes them.
var verbs = map[byte]string{'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'y': "06", 'j': "002", 'a': "Mon", 'A': "Monday",
	'b': "Jan", 'B': "January", 'p': "PM", 'I': "03", 'F': "2006-01-02", 'T': "15:04:05", 'z': "-0700", 'Z': "MST"}

// strftime writes the time piece by piece: what the layout says literally is never read as Go's.
func (c *call) strftime(t time.Time, layout string) string {
	c.checkLayout(layout)
	var b strings.Builder
	for i := 0; i < len(layout); i++ {
		if layout[i] != '%' || i+1 == len(layout) {
			b.WriteByte(layout[i])
			continue
		}
		i++
		switch v, ok := verbs[layout[i]]; {
		case ok:
			b.WriteString(t.Format(v))
		case layout[i] == '%':
			b.WriteByte('%')
		case layout[i] == 'L':
			b.WriteString(t.Format(".000")[1:])
		case layout[i] == 's':
			b.WriteString(lua.LNumber(t.Unix()).String())
		default:
			c.raise("the layout has %%%c, which is not known: %s", layout[i], layoutDoc)
		}
	}
	return b.String()
}

func (c *call) checkLayout(layout string) {
	if len(layout) > 256 {
		c.raise("the layout has %d octets, at most 256 are taken", len(layout))
	}
	c.charge(1 + len(layout)/4)
}

func timeParse(c *call) int {
	text, zone := c.str(1), c.zone(3)
	fail := func(reason string) int {
		return c.fail(codeError("invalid_time", "%.40q is no such time: %s", text, reason))
	}
	if len(text) > 256 {
		return fail("it is too long")
	}
	layout, ok := c.value(2).(lua.LString)
	if !ok {
		t, err := time.ParseInLocation(time.RFC3339Nano, text, zone)
		if err != nil {
			return fail("it must be as 2024-01-31T12:00:00Z")
		}
		return c.push(seconds(t))
	}
	c.checkLayout(string(layout))
	r := timeReader{text: text, year: 1970, month: 1, day: 1, zone: zone}
	for i := 0; i < len(layout) && r.wrong == ""; i++ {
		if layout[i] == '%' && i+1 < len(layout) {
			i++
			if !r.read(layout[i]) {
				c.raise("the layout has %%%c, which cannot be read: use %%Y %%y %%m %%d %%H %%M %%S %%F %%T %%j %%z %%L %%s %%%%", layout[i])
			}
		} else {
			r.literal(layout[i])
		}
	}
	if r.wrong == "" && r.text != "" {
		r.wrong = "something follows it"
	}
	t, ok := r.time()
	if !ok {
		return fail(r.wrong)
	}
	return c.push(seconds(t))
}
