package pdu

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestVectorsOfTime(t *testing.T) {
	for _, v := range vectors(t, "time") {
		var want struct {
			Relative                                     bool
			Years, Months, Days, Hours, Minutes, Seconds int
			Now, UTC                                     time.Time
		}
		if err := json.Unmarshal(v.Expect, &want); err != nil {
			t.Fatal(err)
		}
		for i := range v.Text {
			if cut, err := ParseTime(v.Text[:i], time.UTC); err == nil && i != 10 && i != 12 {
				t.Errorf("%s cut at %d is %v", v.Text, i, cut)
			}
		}
		if string(v.octets(t)) != v.Text {
			t.Errorf("%s is not %s", v.Hex, v.Text)
		}
		got, err := ParseTime(v.Text, time.UTC)
		if err != nil {
			t.Errorf("%s: %v", v.Text, err)
			continue
		}
		if want.UTC.IsZero() {
			if w := (Time{Relative: want.Relative, Years: want.Years, Months: want.Months, Days: want.Days, Hours: want.Hours,
				Minutes: want.Minutes, Seconds: want.Seconds}); got != w {
				t.Errorf("%s: %+v, want %+v", v.Text, got, w)
			}
		} else if !got.In(want.Now).Equal(want.UTC) {
			t.Errorf("%s: %v, want %v", v.Text, got.In(want.Now), want.UTC)
		}
		if got.String() != v.Text {
			t.Errorf("%s came back as %s", v.Text, got)
		}
	}
}

func TestTimesThatAreWrong(t *testing.T) {
	for text, want := range map[string]string{
		"":                 `"" is no SMPP time: it has 0 characters; it is YYMMDDhhmmsstnn and +, - or R`,
		"02061023342900":   `"02061023342900" is no SMPP time: it has 14 characters; it is YYMMDDhhmmsstnn and +, - or R`,
		"020610233429000Z": `"020610233429000Z" is no SMPP time: the last character must be +, - or R; it is YYMMDDhhmmsstnn and +, - or R`,
		"02061023342900 +": `"02061023342900 +" is no SMPP time: the first 15 characters must be digits; it is YYMMDDhhmmsstnn and +, - or R`,
		"020610233429049+": `"020610233429049+" is no SMPP time: nn must be 00 to 48; it is YYMMDDhhmmsstnn and +, - or R`,
		"020230233429000+": `"020230233429000+" is no SMPP time: no such date; it is YYMMDDhhmmsstnn and +, - or R`,
		"021310233429000+": `"021310233429000+" is no SMPP time: no such date; it is YYMMDDhhmmsstnn and +, - or R`,
		"020610243429000+": `"020610243429000+" is no SMPP time: no such date; it is YYMMDDhhmmsstnn and +, - or R`,
		"0206102334":       "",
		"020610233429":     "",
		"000000000000000R": "",
		"991231235959948-": "",
		"0000000000":       `"0000000000" is no SMPP time: no such date; it is YYMMDDhhmmsstnn and +, - or R`,
	} {
		_, err := ParseTime(text, time.UTC)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
}

func TestTimeBuilt(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "000000000000000R", 48 * time.Hour: "000002000000000R", 90*time.Minute + time.Millisecond: "000000013001000R",
		31 * 24 * time.Hour: "000031000000000R", 31*24*time.Hour + 1: "", -time.Second: "", -1: "",
		math.MaxInt64: "", math.MinInt64: ""} {
		v, err := After(d)
		if got := v.String(); (err == nil) != (want != "") || err == nil && got != want {
			t.Errorf("%v: %s, %v", d, got, err)
		}
	}
	kathmandu := time.FixedZone("", 5*3600+45*60)
	odd := time.FixedZone("", 3601)
	for want, at := range map[string]time.Time{
		"260102150405123+": time.Date(2026, 1, 2, 15, 4, 5, 199e6, kathmandu),
		"260102140404000+": time.Date(2026, 1, 2, 15, 4, 5, 0, odd),
		"380102150405000+": time.Date(1938, 1, 2, 15, 4, 5, 0, time.UTC),
		"":                 time.Date(2038, 1, 2, 15, 4, 5, 0, time.UTC),
	} {
		if got := (Time{Absolute: at}).String(); got != want {
			t.Errorf("%v: %s, want %s", at, got, want)
		}
	}
	if s := (Time{Relative: true, Days: 100}).String(); s != "" {
		t.Errorf("100 days: %s", s)
	}
}

func TestTimeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		quarters := rapid.IntRange(-48, 48).Draw(t, "quarters")
		at := time.Unix(rapid.Int64Range(-1009843200+86400, 2145916800-86400).Draw(t, "seconds"), rapid.Int64Range(0, 9).Draw(t, "tenths")*1e8).
			In(time.FixedZone("", quarters*900))
		got, err := ParseTime(Time{Absolute: at}.String(), time.UTC)
		if err != nil || !got.Absolute.Equal(at) {
			t.Fatalf("%v came back as %v, %v", at, got.Absolute, err)
		}
	})
}

func TestReceiptDates(t *testing.T) {
	utc := func(y, mo, d, h, mi, s int) time.Time { return time.Date(y, time.Month(mo), d, h, mi, s, 0, time.UTC) }
	for text, want := range map[string]time.Time{
		"2601021504": utc(2026, 1, 2, 15, 4, 0), "260102150405": utc(2026, 1, 2, 15, 4, 5), "20260102150405": utc(2026, 1, 2, 15, 4, 5), "9901021504": utc(1999, 1, 2, 15, 4, 0),
		"0000000000": {}, "000000000000": {}, "00000000000000": {}, "": {}, "260102": {}, "26-01-02 15:04": {}, "260102 15045": {}, "20090102 15": {}, "26010215 04": {}, "260102 15040500": {}, "260102 1504 ": {}, "260 1021504": {}, "260102 ": {},
		"260102  1504": utc(2026, 1, 2, 15, 4, 0), "260102\t150405": utc(2026, 1, 2, 15, 4, 5), "260102\t": {}, "260102\n1504": {},
		"260102 1504": utc(2026, 1, 2, 15, 4, 0), "20260102 1504": utc(2026, 1, 2, 15, 4, 0), "20260102 150405": utc(2026, 1, 2, 15, 4, 5), "2613021504": {}, "2602301504": {}, "2601022504": {},
	} {
		got, ok := ParseReceiptDate(text, time.UTC)
		if ok != !want.IsZero() || ok && !got.Equal(want) {
			t.Errorf("%q: %v, %v", text, got, ok)
		}
	}
	if got := ReceiptDate(utc(2026, 1, 2, 15, 4, 5)); got != "2601021504" {
		t.Error(got)
	}
}

// The calendar is that of package time, on each day that two digits can name.
func TestValidDate(t *testing.T) {
	for _, year := range []int{0, 1900, 1938, 1999, 2000, 2023, 2024, 2037, 2100} {
		for month := range 100 {
			for day := range 100 {
				moment := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
				want := moment.Year() == year && moment.Month() == time.Month(month) && moment.Day() == day
				s := fmt.Sprintf("%02d%02d2359", month, day)
				if validDate(year, s) != want || validDate(year, s+"59") != want {
					t.Errorf("%d %s: want %t", year, s, want)
				}
			}
		}
	}
	for _, s := range []string{"01012400", "01012360", "0101235960", "0101990000", "0101009900"} {
		if validDate(2024, s) {
			t.Error(s)
		}
	}
}
