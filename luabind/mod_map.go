package luabind

import (
	"math"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/luabind/vm"
)

// maxMapEntries bounds what a script may ask for as max.
const maxMapEntries = 5_000_000

var keyParam = param{"key", stringType, "at most 1024 octets"}

var mapModule = module{
	Name: "map",
	Doc: "Dictionaries for what is in flight, such as message ids until their receipts come: bounded, expiring, the same time for each operation however " +
		"large, and no garbage in the script's memory. A map belongs to the bind: it survives a reload and a reconnect, which the state does not. " +
		"It ends with the host. A bind may have 100 maps, which hold 256 MiB together.",
	Fns: []fn{
		{Name: "open", Where: anywhere,
			Params: []param{{"name", stringType, "of the map, within the bind"}, {"opts", options(
				param{"max", integerType, "at most so many entries, 1 to 5,000,000"},
				param{"ttl", optional(durationType), "how long an entry stays after it was set; for ever unless given"},
				param{"full", optional(oneOf("refuse", "evict")), `what set does when the map is full: "refuse" (the default) gives nil and an error, "evict" drops the oldest entry`},
			), "its bounds; they may change with the script: nothing is dropped by that alone, but a new ttl counts for all entries"}},
			Returns: []param{{"m", mapType, "the map"}},
			Doc:     "Opens a map. At the top of the script is a good place: nothing happens until it is used.",
			Example: `local waiting = map.open("waiting", { max = 100000, ttl = "72h" })
assert(waiting:set("id-1", "491700000001"))
assert(waiting:take("id-1") == "491700000001" and waiting:get("id-1") == nil)`,
			Do: func(c *call) int {
				h := &mapHandle{name: c.str(1)}
				h.evict = c.option(2, "full") == lua.LString("evict")
				h.max = int(lua.LVAsNumber(c.option(2, "max")))
				h.ttl, _ = duration(c.option(2, "ttl"))
				switch {
				case h.name == "" || len(h.name) > 100:
					c.raise("argument 1 (name) must have 1 to 100 octets")
				case h.max < 1 || h.max > maxMapEntries:
					c.raise("option 'max' must be 1 to %d, is %d", maxMapEntries, h.max)
				}
				h.name = strings.Clone(h.name)
				return c.push(vm.NewUserData(h, mapMeta))
			}},
	},
	Kinds: []*kind{&mapKind},
}

// mapHandle is a map as scripts hold it. The map is opened when it is used first, so that loading a script
// that is refused afterwards changes nothing.
type mapHandle struct {
	name string
	mapBounds
	m *mapValue
}

// Size is that of the handle: the map is the bind's.
func (h *mapHandle) Size() int { return 100 + len(h.name) }

// String names it.
func (h *mapHandle) String() string { return "map " + h.name }

var (
	mapType = userType[*mapHandle]("a map", "Map")
	mapMeta *lua.LTable
	mapKind = kind{Name: "Map", Var: "m",
		Doc: "A map. Keys are strings, values are data, copied: strings, numbers, booleans, tables of them, PDUs. #m is the number of entries.",
		Methods: []fn{
			{Name: "get", Params: []param{keyParam}, Returns: []param{{"value", anyType, "nil if there is none"}}, Doc: "Reads an entry.",
				Example: `assert(map.open("doc", { max = 10 }):get("absent") == nil)`,
				Do:      func(c *call) int { return c.found(c.theMap().get(c.gen.bind.now(), c.str(2))) }},
			{Name: "set", Params: []param{keyParam, {"value", dataType, "not nil"}}, Returns: accepted("full"),
				Doc: "Puts an entry, or puts it anew: its time starts again. A value may have 64 KiB. What is refused has changed nothing.",
				Example: `local m = map.open("doc", { max = 10, ttl = "1h" })
assert(m:set("a", { to = "491700000001", tries = 1 }))
assert(m:get("a").tries == 1)`,
				Do: mapSet},
			{Name: "take", Params: []param{keyParam}, Returns: []param{{"value", anyType, "nil if there was none"}}, Doc: "Reads an entry and removes it.",
				Example: `local m = map.open("doc", { max = 10 })
m:set("a", 1)
assert(m:take("a") == 1 and m:take("a") == nil)`,
				Do: func(c *call) int { return c.found(c.theMap().take(c.gen.bind.now(), c.str(2))) }},
			{Name: "delete", Params: []param{keyParam}, Returns: []param{{"was", booleanType, "whether there was one"}}, Doc: "Removes an entry.",
				Example: `assert(not map.open("doc", { max = 10 }):delete("absent"))`,
				Do: func(c *call) int {
					_, ok := c.theMap().take(c.gen.bind.now(), c.str(2))
					return c.push(lua.LBool(ok))
				}},
			{Name: "add", Params: []param{keyParam, {"n", optional(numberType), "1"}}, Returns: []param{{"value", optional(numberType), "the new number"}, fails("full, no_number")},
				Doc:     "Adds to a number; an entry that is not there counts as 0. The entry's time goes on.",
				Example: `assert(map.open("tries", { max = 10 }):add("491700000001") == 1)`,
				Do: func(c *call) int {
					n := 1.0
					if c.value(3) != lua.LNil {
						n = c.num(3)
					}
					if math.IsNaN(n) || math.IsInf(n, 0) {
						c.raise("argument 2 (n) must be a finite number, is %v", n)
					}
					v, err := c.theMap().add(c.gen.bind.now(), strings.Clone(c.mapKey()), n)
					if err != nil {
						return c.fail(err)
					}
					return c.push(lua.LNumber(v))
				}},
			{Name: "len", Returns: []param{{"n", integerType, "the number of entries"}}, Doc: "Counts the entries; #m does too. When more than 10,000 expire at once, some of them count until the next operations have dropped them.", Example: `assert(map.open("empty", { max = 10 }):len() == 0)`,
				Do: func(c *call) int { return c.push(lua.LNumber(c.theMap().len(c.gen.bind.now()))) }},
			{Name: "pairs", Returns: []param{{"next", functionType, "gives key and value, the oldest first"}},
				Doc: "Goes through the entries that there are now, in a for loop. It is for reports, not for each message: it takes its time.",
				Example: `local m = map.open("doc", { max = 10 })
m:set("a", 1)
for key, value in m:pairs() do log.info(key, { value = value }) end`,
				Do: mapPairs},
			{Name: "clear", Returns: []param{{"n", integerType, "how many there were"}}, Doc: "Removes all entries.", Example: `assert(map.open("empty", { max = 10 }):clear() == 0)`,
				Do: func(c *call) int {
					m := c.theMap()
					return c.push(lua.LNumber(m.clear()))
				}},
		}}
)

func init() {
	mapMeta = mapKind.objects(mapType, nil)
	size := fn{full: "#map", Do: func(c *call) int { return c.push(lua.LNumber(c.theMap().len(c.gen.bind.now()))) }}
	mapMeta.RawSetString("__len", shared.NewFunction(size.lua()))
}

// theMap opens the map of the handle that is argument 1.
func (c *call) theMap() *mapValue {
	h := user[*mapHandle](c, 1)
	if h.m == nil {
		m, err := c.gen.bind.maps.open(h.name, c.gen.number, h.mapBounds)
		if err != nil {
			c.raise("%v", err)
		}
		h.m = m
	}
	return h.m
}

// found returns a value of a map.
func (c *call) found(d vm.Data, ok bool) int {
	if !ok {
		c.L.Push(lua.LNil)
		return 1
	}
	c.L.Push(vm.GiveData(c.L, d))
	return 1
}

func (c *call) mapKey() string {
	key := c.str(2)
	if len(key) > maxMapKey {
		c.raise("argument 1 (key) has %d octets, at most %d are taken", len(key), maxMapKey)
	}
	return key
}

func mapSet(c *call) int {
	key := strings.Clone(c.mapKey()) // a part of a long string would hold all of it
	var d vm.Data
	size := 8
	switch v := c.value(3).(type) {
	case *lua.LNilType:
		c.raise("argument 2 (value) must not be nil: use delete")
	case lua.LString:
		d, size = strings.Clone(string(v)), 16+len(v)
	case lua.LNumber:
		d = float64(v)
	case lua.LBool:
		d = bool(v)
	default:
		d = c.data(3)
		size = dataOctets(d)
		c.charge(size / 16)
	}
	if size > maxMapValue {
		c.raise("argument 2 (value) has about %d octets, at most %d are taken", size, maxMapValue)
	}
	return c.fail(c.theMap().set(c.gen.bind.now(), key, d, size))
}

// dataOctets is roughly what a value takes.
func dataOctets(d vm.Data) int {
	switch d := d.(type) {
	case string:
		return 16 + len(d)
	case *vm.Table:
		n := 64
		for _, v := range d.Array {
			n += 16 + dataOctets(v)
		}
		for k, v := range d.Hash {
			n += 48 + dataOctets(k) + dataOctets(v)
		}
		return n
	case *pduValue:
		return 200 + d.Len()
	}
	return 8
}

func mapPairs(c *call) int {
	m, g := c.theMap(), c.gen
	n := m.len(g.bind.now())
	c.charge(n / 4)
	vm.ChargeMemory(c.L, 16*n)
	w := &mapWalk{m: m, now: g.bind.now, keys: m.keys(g.bind.now())}
	for _, key := range w.keys {
		w.octets += 16 + len(key)
	}
	return c.push(vm.NewFunction(w.next, w))
}

// mapWalk goes through the keys that a map had when it began.
type mapWalk struct {
	m      *mapValue
	now    func() time.Time
	keys   []string
	octets int // of the keys: the map may have dropped them
}

// Size is that of the keys.
func (w *mapWalk) Size() int { return w.octets }

func (w *mapWalk) next(L *lua.LState) int {
	for len(w.keys) > 0 {
		key := w.keys[0]
		w.keys = w.keys[1:]
		if v, ok := w.m.get(w.now(), key); ok {
			L.Push(lua.LString(key))
			L.Push(vm.GiveData(L, v))
			return 2
		}
	}
	L.Push(lua.LNil)
	return 1
}
