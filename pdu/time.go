package pdu

import (
	"fmt"
	"strings"
	"time"
)

// Time is the value of schedule_delivery_time, validity_period, final_date and their like: a moment, or a
// time from now (SMPP 3.4 §7.1.1).
type Time struct {
	Absolute time.Time // the moment, in the zone it was given in; zero for a relative one
	Relative bool
	// A relative time: calendar units, so that what they come to depends on when they start.
	Years, Months, Days, Hours, Minutes, Seconds int
}

// TimeError says what is wrong with the text of a time (SMPP 3.4 §7.1.1).
type TimeError struct{ Text, Reason string }

// Error shows the text and the form.
func (e *TimeError) Error() string {
	return fmt.Sprintf("%.40q is no SMPP time: %s; it is YYMMDDhhmmsstnn and +, - or R", e.Text, e.Reason)
}

// ParseTime reads YYMMDDhhmmsstnnp, 16 characters: t are tenths of a second, nn quarters of an hour from UTC, p
// is + or - for ahead or behind, or R for a time from now, whose t and nn are read whatever they are (decoding has the warning time_format for
// others than zeros, which are not sent). Years 38 to 99 are
// of the last century (5.0 §4.7.23.4). The short form YYMMDDhhmmss or YYMMDDhhmm that SMSCs answer with is
// their local time: it is read in zone.
func ParseTime(s string, zone *time.Location) (Time, error) {
	fail := func(reason string) (Time, error) { return Time{}, &TimeError{s, reason} }
	switch len(s) {
	case 10, 12:
		t, ok := ParseReceiptDate(s, zone)
		if !ok {
			return fail("no such date")
		}
		return Time{Absolute: t}, nil
	case 16:
	default:
		return fail(fmt.Sprintf("it has %d characters", len(s)))
	}
	relative := s[15] == 'R' && digits(s[:15], false) // whatever t and nn are
	if fault := timeFault(s); fault != "" && !relative {
		return fail(fault)
	}
	if relative {
		return Time{Relative: true, Years: two(s, 0), Months: two(s, 2), Days: two(s, 4), Hours: two(s, 6), Minutes: two(s, 8), Seconds: two(s, 10)}, nil
	}
	quarters := two(s, 13)
	if s[15] == '-' {
		quarters = -quarters
	}
	offset := time.UTC
	if quarters != 0 {
		offset = time.FixedZone("", quarters*15*60)
	}
	t, _ := date(century(two(s, 0)), s[2:12], int(s[12]-'0'), offset)
	return Time{Absolute: t}, nil
}

// The lengths of a time (SMPP 3.4 §7.1.1).
const (
	timeLen      = 16
	localTimeLen = 12 // as SMSCs may report it: YYMMDDhhmmss (§7.1.1, note)
)

// timeFault says what is wrong with a time of one of these lengths; empty if nothing is.
func timeFault(s string) string {
	if len(s) == localTimeLen {
		if _, ok := ParseReceiptDate(s, time.UTC); !ok {
			return "no such date"
		}
		return ""
	}
	if !digits(s[:15], false) {
		return "the first 15 characters must be digits"
	}
	if s[15] == 'R' {
		if s[12:15] != "000" {
			return "t and nn of a time from now are not 000"
		}
		return ""
	}
	if s[15] != '+' && s[15] != '-' {
		return "the last character must be +, - or R"
	}
	if s[13:15] > "48" {
		return "nn must be 00 to 48"
	}
	if !validDate(century(two(s, 0)), s[2:12]) {
		return "no such date"
	}
	return ""
}

// absoluteFault is timeFault for a time of 16 characters that may not be relative.
func absoluteFault(s string) string {
	if fault := timeFault(s); fault != "" || s[15] != 'R' {
		return fault
	}
	return "the last character must be + or -"
}

// two is the number of the two digits at at.
func two(s string, at int) int { return int(s[at]-'0')*10 + int(s[at+1]-'0') }

func century(yy int) int {
	if yy >= 38 {
		return 1900 + yy
	}
	return 2000 + yy
}

// date makes a moment of a year and MMDDhhmm or MMDDhhmmss; false for a 31st of February and the like.
func date(year int, s string, tenths int, zone *time.Location) (time.Time, bool) {
	month, day, hour, minute, second := two(s, 0), two(s, 2), two(s, 4), two(s, 6), 0
	if len(s) == 10 {
		second = two(s, 8)
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, tenths*int(100*time.Millisecond), zone)
	return t, validDate(year, s) && t.Day() == day // a zone may leave out the hour
}

// validDate reports whether MMDDhhmm or MMDDhhmmss of a year is in the calendar. [time.Date] takes several times as long.
func validDate(year int, s string) bool {
	month, day := two(s, 0), two(s, 2)
	if month < 1 || month > 12 || day < 1 || two(s, 4) > 23 || two(s, 6) > 59 || len(s) == 10 && two(s, 8) > 59 {
		return false
	}
	days := 31
	switch month {
	case 4, 6, 9, 11:
		days = 30
	case 2:
		if days = 28; year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			days = 29
		}
	}
	return day <= days
}

// In is the moment that t means at now (SMPP 3.4 §7.1.1): relative years and months are those of the calendar, as [time.Time.AddDate] adds them.
func (t Time) In(now time.Time) time.Time {
	if !t.Relative {
		return t.Absolute
	}
	return now.AddDate(t.Years, t.Months, t.Days).Add(time.Duration(t.Hours)*time.Hour +
		time.Duration(t.Minutes)*time.Minute + time.Duration(t.Seconds)*time.Second)
}

// String is the form of 16 characters (SMPP 3.4 §7.1.1). An absolute time is given in its own zone where that is a whole number of
// quarters of an hour from UTC, else in UTC; it is cut to tenths of a second. A time outside 1938 to 2037, and a
// relative one with a number outside 0 to 99, has no such form: it is empty.
func (t Time) String() string {
	if t.Relative {
		for _, v := range []int{t.Years, t.Months, t.Days, t.Hours, t.Minutes, t.Seconds} {
			if v < 0 || v > 99 {
				return ""
			}
		}
		return fmt.Sprintf("%02d%02d%02d%02d%02d%02d000R", t.Years, t.Months, t.Days, t.Hours, t.Minutes, t.Seconds)
	}
	a := t.Absolute
	_, offset := a.Zone()
	if offset%(15*60) != 0 || offset > 12*3600 || offset < -12*3600 {
		a, offset = a.UTC(), 0
	}
	if a.Year() < 1938 || a.Year() > 2037 {
		return ""
	}
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	return fmt.Sprintf("%s%d%02d%c", a.Format("060102150405"), a.Nanosecond()/int(100*time.Millisecond), offset/(15*60), sign)
}

// After is the relative time of d, to the second above (SMPP 3.4 §7.1.1): days, hours, minutes and seconds, since months and
// years have no fixed length. It is an error above 31 days, the most that DD holds:
// give the moment then.
func After(d time.Duration) (Time, error) {
	s := int64(d / time.Second)
	if d%time.Second > 0 {
		s++
	}
	if d < 0 || s > 31*24*3600 {
		return Time{}, fmt.Errorf("%v from now cannot be written as a relative time: it must be 0 to 31 days; give the moment", d)
	}
	return Time{Relative: true, Days: int(s / 86400), Hours: int(s / 3600 % 24), Minutes: int(s / 60 % 60), Seconds: int(s % 60)}, nil
}

// ParseReceiptDate reads the date of a receipt: YYMMDDhhmm, YYMMDDhhmmss or YYYYMMDDhhmmss, in the zone of the
// SMSC, which it does not say (SMPP 3.4 appendix B): without seconds it is the minute's beginning, and a year of two digits is
// 1938 to 2037. It is false for zeros, which mean that there is none, and for
// what is no date. Spaces and tabs may stand between the day and the time.
func ParseReceiptDate(s string, zone *time.Location) (time.Time, bool) {
	if day, clock := splitTime(s); len(day) < len(s) {
		if len(day) != 6 && len(day) != 8 || len(clock) != 4 && len(clock) != 6 {
			return time.Time{}, false
		}
		if len(day) == 8 && len(clock) == 4 { // or it would be taken for a year of two digits, and seconds
			clock += "00"
		}
		s = day + clock
	}
	if !digits(s, false) {
		return time.Time{}, false
	}
	switch len(s) {
	case 10, 12:
		return date(century(two(s, 0)), s[2:], 0, zone)
	case 14:
		return date(two(s, 0)*100+two(s, 2), s[4:], 0, zone)
	}
	return time.Time{}, false
}

// splitTime is a day and the time that stands behind it, and behind spaces or tabs.
func splitTime(s string) (day, clock string) {
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i], strings.TrimLeft(s[i:], " \t")
	}
	return s, ""
}

// ReceiptDate is the form of ten digits, YYMMDDhhmm (SMPP 3.4 appendix B), of t's own zone: give it t.In the SMSC's.
func ReceiptDate(t time.Time) string { return t.Format("0601021504") }
