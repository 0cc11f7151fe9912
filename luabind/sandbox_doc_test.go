package luabind

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/esmehost/esmehost/luabind/vm"
)

var limitRow = regexp.MustCompile("(?m)^\\| `limits\\.(\\w+)` \\| (\\S+) \\|")

// The table of limits in docs/sandbox.md has each of them, with the default that it has. The mailbox and the backlog are the session's.
func TestTheLimitsAreDocumented(t *testing.T) {
	src, err := os.ReadFile("../docs/sandbox.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, m := range limitRow.FindAllStringSubmatch(string(src), -1) {
		documented[m[1]] = strings.ReplaceAll(m[2], ",", "")
	}
	limits := reflect.ValueOf(vm.Limits{}.WithDefaults())
	for i := range limits.NumField() {
		option := snake(limits.Type().Field(i).Name)
		want := fmt.Sprint(limits.Field(i).Interface())
		switch v := limits.Field(i).Interface().(type) {
		case time.Duration:
			want = v.String()
		case int64:
			if option == "memory" {
				want = fmt.Sprintf("%dMiB", v>>20)
			}
		}
		if got := documented[option]; got != want {
			t.Errorf("limits.%s is %q in docs/sandbox.md, and %s by default", option, got, want)
		}
		delete(documented, option)
	}
	for _, option := range []string{"mailbox", "backlog"} {
		if documented[option] == "" {
			t.Errorf("limits.%s is not in docs/sandbox.md", option)
		}
		delete(documented, option)
	}
	if len(documented) > 0 {
		t.Errorf("there are no such limits: %v", documented)
	}
}

func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
