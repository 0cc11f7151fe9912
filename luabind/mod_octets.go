package luabind

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/luabind/vm"
)

var urlOption = param{"opts", optional(options(
	param{"url", optional(booleanType), "the alphabet of URLs and file names (- and _ for + and /)"},
	param{"padding", optional(booleanType), "= at the end; true unless told, and when reading both are taken"})), "which variant"}

var base64Module = module{
	Name: "base64",
	Doc:  "Octets as text of letters and digits, and back (RFC 4648).",
	Fns: []fn{
		{Name: "encode", Where: anywhere, Params: []param{{"octets", stringType, "what to encode"}, urlOption}, Returns: []param{{"text", stringType, "in base64"}},
			Doc: "Encodes octets.", Example: `assert(base64.encode("hello") == "aGVsbG8=")`,
			Do: func(c *call) int {
				s := c.str(1)
				c.large(len(s)/3*4 + 4)
				e := base64Of(c, 2)
				if c.option(2, "padding") == lua.LFalse {
					e = e.WithPadding(base64.NoPadding)
				}
				out := make([]byte, 0, e.EncodedLen(len(s)))
				vm.Chunks(c.L, s, func(part string) { out = e.AppendEncode(out, []byte(part)) })
				return c.text(string(out))
			}},
		{Name: "decode", Where: anywhere, Params: []param{{"text", stringType, "base64; line ends in it do not matter"}, urlOption},
			Returns: []param{{"octets", optional(stringType), "what was encoded"}, fails("invalid_base64")},
			Doc:     "Decodes text, with or without padding.", Example: `assert(base64.decode("aGVsbG8") == "hello")`,
			Do: func(c *call) int {
				s := c.str(1)
				c.large(len(s))
				e := base64Of(c, 2).WithPadding(base64.NoPadding)
				octets, err := decodeParts(c, withoutEnd(c, s), "\r\n", 4, e.AppendDecode)
				if err != nil {
					return c.fail(codeError("invalid_base64", "%v", err))
				}
				return c.text(string(octets))
			}},
	},
}

// decodeParts decodes text part by part, without the octets in skip: as many at once as group divides.
func decodeParts(c *call, text, skip string, group int, do func(dst, src []byte) ([]byte, error)) ([]byte, error) {
	out, rest := make([]byte, 0, len(text)/group*(group-1)+group), []byte(nil)
	var err error
	done := 0 // octets that were decoded
	vm.Chunks(c.L, text, func(part string) {
		for i := range len(part) {
			if strings.IndexByte(skip, part[i]) < 0 {
				rest = append(rest, part[i])
			}
		}
		if n := len(rest) / group * group; err == nil {
			out, err = do(out, rest[:n])
			if at, ok := err.(base64.CorruptInputError); ok {
				err = base64.CorruptInputError(int64(at) + int64(done))
			}
			done += n
			rest = append(rest[:0], rest[n:]...)
		}
	})
	if err == nil && len(rest) > 0 {
		out, err = do(out, rest)
		if at, ok := err.(base64.CorruptInputError); ok {
			err = base64.CorruptInputError(int64(at) + int64(done))
		}
	}
	return out, err
}

// withoutEnd is s without padding and line ends behind it.
func withoutEnd(c *call, s string) string {
	for s != "" {
		tail := s[max(0, len(s)-4096):]
		kept := strings.TrimRight(tail, "=\r\n")
		s = s[:len(s)-len(tail)+len(kept)]
		if kept != "" {
			break
		}
		c.charge(len(tail) / 16)
	}
	return s
}

func base64Of(c *call, n int) *base64.Encoding {
	if lua.LVAsBool(c.option(n, "url")) {
		return base64.URLEncoding
	}
	return base64.StdEncoding
}

var hexModule = module{
	Name: "hex",
	Doc:  "Octets as hexadecimal digits, and back.",
	Fns: []fn{
		{Name: "encode", Where: anywhere, Params: []param{{"octets", stringType, "what to encode"}}, Returns: []param{{"digits", stringType, "two for an octet, in lower case"}},
			Doc: "Encodes octets.", Example: `assert(hex.encode("\0\255") == "00ff")`,
			Do: func(c *call) int {
				c.large(2 * len(c.str(1)))
				out := make([]byte, 0, 2*len(c.str(1)))
				vm.Chunks(c.L, c.str(1), func(part string) { out = hex.AppendEncode(out, []byte(part)) })
				return c.text(string(out))
			}},
		{Name: "decode", Where: anywhere, Params: []param{{"digits", stringType, "in any case; spaces between octets do not matter"}},
			Returns: []param{{"octets", optional(stringType), "what was encoded"}, fails("invalid_hex")},
			Doc:     "Decodes digits.", Example: `assert(hex.decode("05 00 03") == "\5\0\3")`,
			Do: func(c *call) int {
				c.large(len(c.str(1)))
				octets, err := decodeParts(c, c.str(1), " \t\r\n\v\f", 2, hex.AppendDecode)
				if err != nil {
					return c.fail(codeError("invalid_hex", "%s", strings.TrimPrefix(err.Error(), "encoding/hex: ")))
				}
				return c.text(string(octets))
			}},
	},
}
