package luabind

import "time"

// timeReader reads a time by a layout, from left to right, with as many digits as each part has.
type timeReader struct {
	text                                   string
	year, month, day, yearDay              int
	hour, minute, second, milli, sinceYear int
	unix                                   bool
	zone                                   *time.Location
	wrong                                  string
}

// read reads one conversion; it reports false for one that it does not know.
func (r *timeReader) read(verb byte) bool {
	switch verb {
	case 'Y':
		r.year = r.number(4)
	case 'y':
		if r.year = r.number(2) + 2000; r.year >= 2070 {
			r.year -= 100
		}
	case 'm':
		r.month = r.number(2)
	case 'd':
		r.day = r.number(2)
	case 'H':
		r.hour = r.number(2)
	case 'M':
		r.minute = r.number(2)
	case 'S':
		r.second = r.number(2)
	case 'L':
		r.milli = r.number(3)
	case 'j':
		r.yearDay = r.number(3)
	case 's':
		n := 0
		for n < len(r.text) && n < 11 && r.text[n] >= '0' && r.text[n] <= '9' {
			n++
		}
		r.sinceYear, r.unix = r.number(max(n, 1)), true
	case 'F':
		r.read('Y')
		r.literal('-')
		r.read('m')
		r.literal('-')
		r.read('d')
	case 'T':
		r.read('H')
		r.literal(':')
		r.read('M')
		r.literal(':')
		r.read('S')
	case 'z':
		r.offset()
	case '%':
		r.literal('%')
	default:
		return false
	}
	return true
}

func (r *timeReader) literal(c byte) {
	if r.wrong != "" {
		return
	}
	if r.text == "" || r.text[0] != c {
		r.wrong = "'" + string([]byte{c}) + "' is missing"
		return
	}
	r.text = r.text[1:]
}

// number reads exactly n digits.
func (r *timeReader) number(n int) int {
	if r.wrong != "" {
		return 0
	}
	if len(r.text) < n {
		r.wrong = "it ends too early"
		return 0
	}
	v := 0
	for i := range n {
		c := r.text[i]
		if c < '0' || c > '9' {
			r.wrong = "a digit is missing"
			return 0
		}
		v = v*10 + int(c-'0')
	}
	r.text = r.text[n:]
	return v
}

// offset reads Z, +hhmm or +hh:mm.
func (r *timeReader) offset() {
	if r.wrong != "" || r.text == "" {
		r.wrong = "it ends too early"
		return
	}
	sign := r.text[0]
	r.text = r.text[1:]
	switch sign {
	case 'Z':
		r.zone = time.UTC
		return
	case '+', '-':
	default:
		r.wrong = "the offset must be Z, +hhmm or -hhmm"
		return
	}
	seconds := r.number(2) * 3600
	if len(r.text) > 0 && r.text[0] == ':' {
		r.text = r.text[1:]
	}
	seconds += r.number(2) * 60
	if sign == '-' {
		seconds = -seconds
	}
	r.zone = time.FixedZone("", seconds)
}

// time is what was read, if there is such a time.
func (r *timeReader) time() (time.Time, bool) {
	if r.wrong != "" {
		return time.Time{}, false
	}
	if r.unix {
		return time.Unix(int64(r.sinceYear), int64(r.milli)*1e6), true
	}
	if r.yearDay > 0 {
		r.month, r.day = 1, r.yearDay
	}
	t := time.Date(r.year, time.Month(r.month), r.day, r.hour, r.minute, r.second, r.milli*1e6, r.zone)
	if r.yearDay == 0 && (int(t.Month()) != r.month || t.Day() != r.day) || r.yearDay > 0 && t.YearDay() != r.yearDay ||
		r.hour > 23 || r.minute > 59 || r.second > 59 {
		r.wrong = "there is no such date or time"
		return time.Time{}, false
	}
	return t, true
}
