package esme

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// The table of options in docs/behaviour.md has the defaults that are.
func TestDefaultsAreDocumented(t *testing.T) {
	src, err := os.ReadFile("../docs/behaviour.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `[a-z_.]+` \\| `([A-Za-z]+)` \\| (\\S+) \\|").FindAllSubmatch(src, -1)
	if len(rows) < 10 {
		t.Fatalf("only %d options were found", len(rows))
	}
	cfg := reflect.ValueOf(Config{}.withDefaults())
	for _, row := range rows {
		field, documented := string(row[1]), string(row[2])
		v := cfg.FieldByName(field)
		if !v.IsValid() {
			t.Errorf("there is no %s", field)
			continue
		}
		is := ""
		switch d, isDuration := v.Interface().(time.Duration); {
		case isDuration && d == Infinity:
			is = "infinity"
		case isDuration && d%time.Minute == 0:
			is = strconv.Itoa(int(d.Seconds())) + "s"
		case isDuration:
			is = d.String()
		default:
			is = fmt.Sprint(v.Interface())
		}
		if is != documented {
			t.Errorf("%s: documented is %s, it is %s", field, documented, is)
		}
	}
}
