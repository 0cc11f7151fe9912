package main

import (
	"bytes"
	"fmt"
	"log"
	"math/bits"
	"slices"
	"strings"
)

func commands(cs []command, enums map[string]map[string]string) string {
	var b bytes.Buffer
	p := func(f string, a ...any) { fmt.Fprintf(&b, f, a...) }

	p("// The command_ids (SMPP 3.4 §5.1.2.1, 5.0 §4.7.5), and where each command is defined.\nconst (\n")
	for _, c := range cs {
		p("Cmd%s CommandID = %s // %s, since SMPP %s (%s)\n", goName(c.Name), c.ID, c.Name, c.Since, where(commandParagraphs, c.Name))
	}
	p(")\n\n")

	var names []string
	limits := map[string][]string{}
	for _, c := range cs {
		for i, f := range c.Fields {
			if !slices.Contains(names, f.Name) {
				names = append(names, f.Name)
			}
			l := shape(c.Fields, i)
			if len(limits[f.Name]) > 0 {
				l = strings.TrimPrefix(l, "C-octet string of at most ")
			}
			if first := limits[f.Name]; len(first) == 0 || !strings.HasSuffix(first[0], l) && !slices.Contains(first, l) {
				limits[f.Name] = append(first, l)
			}
		}
	}
	p("// The mandatory fields of all commands: how each is encoded, what it holds at most, and where it is defined. A limit that\n" +
		"// depends on the command is in [Command.Spec].\nconst (\n")
	for i, n := range names {
		typ := ""
		if i == 0 {
			typ = " Field = iota"
		}
		p("Field%s%s // %s (%s)\n", goName(n), typ, strings.Join(limits[n], ", or "), where(fieldParagraphs, n))
	}
	p("numFields\n)\n\nvar fieldNames = [numFields]string{\n")
	for _, n := range names {
		p("Field%s: %q,\n", goName(n), n)
	}
	p("}\n\n")

	p("var commands = [...]Command{\n")
	fields, runs := 0, 0
	for _, c := range cs {
		fields, runs = max(fields, len(c.Fields)), max(runs, len(runsOf(c.Fields)))
		p("{ID: Cmd%s, Name: %q, Since: %q, ", goName(c.Name), c.Name, c.Since)
		if c.Response != "" {
			p("response: Cmd%s, ", goName(c.Response))
		}
		if len(c.Mandatory) > 0 {
			p("Mandatory: []Tag{")
			for _, t := range c.Mandatory {
				name, _, _ := strings.Cut(t, " ") // "(repeatable)" may follow
				p("Tag%s, ", goName(name))
			}
			p("}, ")
		}
		p("Fields: []FieldSpec{\n")
		for _, f := range c.Fields {
			kind, size := fieldKind(f)
			p("{Field: Field%s, Kind: %s, Size: %d", goName(f.Name), kind, size)
			if kind == "KindInt" {
				p(", Most: %d", most(f, enums))
			}
			p("},\n")
		}
		p("}, runs: []run{\n")
		number := 0
		for _, r := range runsOf(c.Fields) {
			limited, highest := 0, uint64(0xFF)
			for i, f := range r.fields[:r.ints] {
				if m := most(f, enums); m < 0xFF {
					if highest < 0xFF {
						log.Fatalf("command %s: field %s: a run has room for one limit", c.Name, f.Name)
					}
					limited, highest = i, m
				}
			}
			kind, size := "KindInt", 0
			if r.ints < len(r.fields) {
				kind, size = fieldKind(r.fields[r.ints])
			}
			plain := 0
			switch kind {
			case "KindString":
				plain = size
			case "KindTime":
				plain = 1
			}
			p("{first: %d, ints: %d, limited: %d, most: %d, kind: %s, size: %d, plain: %d},\n", number, r.ints, limited, highest, kind, size, plain)
			number += len(r.fields)
		}
		p("}, places: [numFields]place{\n")
		number = 0
		for i, r := range runsOf(c.Fields) {
			for skip, f := range r.fields {
				number++
				start, end, past, integer := i+1, i+2, 0, 0
				kind, _ := fieldKind(f)
				switch kind {
				case "KindInt":
					end, past, integer = start, skip+1, start
				case "KindString", "KindTime":
					past = -1
				}
				p("Field%s: {%d, %s, %d, %d, %d, %d, %d},\n", goName(f.Name), number, kind, start, skip, end, past, integer)
			}
		}
		p("}},\n")
	}
	starts := 1 << bits.Len(uint(runs+1)) // a power of two, for indices that need no check; the first one is no run's
	p("}\n\n// The most fields that a command has, and room for the starts of the most runs, and the end of the last.\nconst (\nmaxFields = %d\nnumStarts = %d\n)\n\n", fields, starts)
	p("// commandOf finds the description of a command_id; nil if it is not defined.\nfunc commandOf(id CommandID) *Command {\nswitch id {\n")
	for i, c := range cs {
		p("case Cmd%s:\nreturn &commands[%d]\n", goName(c.Name), i)
	}
	p("}\nreturn nil\n}\n")
	return b.String()
}

// A run is integers and the field behind them, if there is one.
type run struct {
	fields []field
	ints   int
}

func runsOf(fs []field) (runs []run) {
	for len(fs) > 0 {
		r := run{}
		for r.ints < len(fs) && fs[r.ints].Type == "integer" {
			r.ints++
		}
		n := min(r.ints+1, len(fs))
		r.fields, fs = fs[:n], fs[n:]
		runs = append(runs, r)
	}
	return runs
}

// most is the highest value of an integer field: that of its enumeration, where it has one that is complete.
func most(f field, enums map[string]map[string]string) uint64 {
	values := sorted(enums[f.Name])
	if len(values) == 0 {
		return 0xFF
	}
	return values[len(values)-1].n
}

// shape says how the field i is encoded and what it holds at most.
func shape(fs []field, i int) string {
	kind, size := fieldKind(fs[i])
	switch {
	case counts(fs, i):
		return fmt.Sprintf("integer of %d octet, which follows from %s", size, fs[i+1].Name)
	case kind == "KindInt" && size == 1:
		return "integer of 1 octet"
	case kind == "KindInt":
		return fmt.Sprintf("integer of %d octets", size)
	case kind == "KindString":
		return fmt.Sprintf("C-octet string of at most %d octets", size-1)
	case kind == "KindTime":
		return "time: C-octet string of 0 or 16 octets"
	case kind == "KindOctets":
		return fmt.Sprintf("octet string of at most %d octets", size)
	}
	return fmt.Sprintf("array of at most %d elements", size)
}

// fieldKind maps a field's type to the codec's kind and its size: octets of an integer, or the most
// octets of a string, its NUL included.
func fieldKind(f field) (string, int) {
	switch f.Type {
	case "integer":
		if string(f.Octets) != "1" {
			log.Fatalf("field %s: octets %s, but PDU.Int reads 1", f.Name, f.Octets)
		}
		return "KindInt", 1
	case "c_octet_string":
		return "KindString", f.MaxInclNUL
	case "c_octet_string_time":
		return "KindTime", 17
	case "octet_string":
		return "KindOctets", 254
	case "array":
		if f.Name == "dest_address" {
			return "KindDests", 254
		}
		return "KindUnsuccess", 255
	}
	log.Fatalf("field %s: unknown type %s", f.Name, f.Type)
	return "", 0
}
