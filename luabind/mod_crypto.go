package luabind

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"hash"

	"github.com/google/uuid"
	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/luabind/vm"
)

// maxRandom bounds how many random octets are given at once.
const maxRandom = 4096

var digests = map[string]func() hash.Hash{"sha256": sha256.New, "sha512": sha512.New, "sha1": sha1.New, "md5": md5.New}

var cryptoModule = module{
	Name: "crypto",
	Doc: "Digests, message authentication codes and random octets. All give octets: hex.encode or base64.encode makes them text. " +
		"md5 and sha1 are there for peers that still ask for them, not to protect anything.",
	Fns: []fn{
		digestFn("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
		digestFn("sha512", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"),
		digestFn("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
		digestFn("md5", "900150983cd24fb0d6963f7d28e17f72"),
		{Name: "hmac", Where: anywhere,
			Params: []param{{"digest", oneOf("sha256", "sha512", "sha1", "md5"), "which digest"},
				{"key", secretOrString, "the key; may be a secret"}, {"message", stringType, "what is to be authenticated"}},
			Returns: []param{{"octets", stringType, "the code (RFC 2104)"}},
			Doc:     "Makes a message authentication code, to sign a request to a webhook or to check one.",
			Example: `local mac = crypto.hmac("sha256", config.secret("api_key"), "body")
assert(#mac == 32)`,
			Do: func(c *call) int {
				key := c.secretText(2)
				c.charge((len(key) + 4*len(c.str(3))) / 32)
				m := hmac.New(digests[c.str(1)], []byte(key))
				vm.Chunks(c.L, c.str(3), func(part string) { m.Write([]byte(part)) })
				return c.text(string(m.Sum(nil)))
			}},
		{Name: "random", Where: anywhere, Params: []param{{"count", integerType, "1 to 4096"}}, Returns: []param{{"octets", stringType, "that nobody can guess"}},
			Doc: "Gives random octets from the system's source.", Example: `local nonce = hex.encode(crypto.random(16))`,
			Do: func(c *call) int {
				n := int(c.num(1))
				if n < 1 || n > maxRandom {
					c.raise("argument 1 (count) must be 1 to %d, is %d", maxRandom, n)
				}
				c.charge(n / 4)
				b := make([]byte, n)
				rand.Read(b)
				return c.text(string(b))
			}},
		{Name: "equal", Where: anywhere, Params: []param{{"a", secretOrString, "one"}, {"b", secretOrString, "the other"}},
			Returns: []param{{"same", booleanType, "whether they are the same"}},
			Doc:     "Compares two strings in a time that does not depend on where they differ: for codes and passwords.",
			Example: `assert(crypto.equal("abc", "abc") and not crypto.equal("abc", "abd"))`,
			Do: func(c *call) int {
				a, b := c.secretText(1), c.secretText(2)
				c.charge((len(a) + len(b)) / 32)
				return c.push(lua.LBool(subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1))
			}},
	},
}

func digestFn(name, abc string) fn {
	return fn{Name: name, Where: anywhere, Params: []param{{"message", stringType, "any octets"}}, Returns: []param{{"octets", stringType, "the digest"}},
		Doc: "Makes the " + name + " digest.", Example: `assert(hex.encode(crypto.` + name + `("abc")) == "` + abc + `")`,
		Do: func(c *call) int {
			c.charge(len(c.str(1)) / 8)
			h := digests[name]()
			vm.Chunks(c.L, c.str(1), func(part string) { h.Write([]byte(part)) })
			return c.text(string(h.Sum(nil)))
		}}
}

var uuidModule = module{
	Name: "uuid",
	Doc:  "Identifiers that are unique without asking anybody (RFC 9562).",
	Fns: []fn{
		{Name: "v4", Where: anywhere, Returns: []param{{"id", stringType, "36 characters"}}, Doc: "Makes a random one.", Example: `assert(#uuid.v4() == 36)`,
			Do: func(c *call) int { c.charge(20); return c.text(uuid.NewString()) }},
		{Name: "v7", Where: anywhere, Returns: []param{{"id", stringType, "36 characters"}}, Doc: "Makes one that sorts by its time: later ones are greater.",
			Example: `assert(uuid.v7() < uuid.v7())`,
			Do: func(c *call) int {
				c.charge(20)
				id, err := uuid.NewV7()
				if err != nil {
					return c.fail(err)
				}
				return c.text(id.String())
			}},
		{Name: "valid", Where: anywhere, Params: []param{{"id", stringType, "any text"}}, Returns: []param{{"yes", booleanType, "whether it is a UUID of 36 characters"}},
			Doc: "Tells whether a text is a UUID.", Example: `assert(uuid.valid("0190163d-8694-739b-aea5-966c26f8ad91") and not uuid.valid("abc"))`,
			Do: func(c *call) int {
				s := c.str(1)
				return c.push(lua.LBool(len(s) == 36 && uuid.Validate(s) == nil))
			}},
	},
}
