package host

import (
	"strings"
	"testing"
	"time"
)

// What the judge says of the facts, at times that are made up.
func TestJudge(t *testing.T) {
	at := func(d time.Duration) time.Time { return time.Unix(0, 0).Add(d) }
	for _, tt := range []struct {
		name             string
		after            time.Duration
		looks            int // the same, a second apart; 0 is 1
		canaries, others tally
		want             verdict
		why              string
	}{
		{name: "nothing happens yet", after: time.Second, want: watchOn},
		{name: "nothing happened at all", after: time.Minute, want: takeBack, why: "no event in 1m0s"},
		{name: "the canaries are gone", after: time.Second, canaries: tally{Binds: -1}, want: takeBack, why: "none of its binds"},
		{name: "well, and not over", after: 59 * time.Second, canaries: tally{Events: 1000}, want: watchOn},
		{name: "well, and over", after: time.Minute, canaries: tally{Events: 1000}, others: tally{Events: 9000}, want: takeAll, why: "0 errors in 1000 events"},
		{name: "two errors are chance", after: time.Minute, canaries: tally{Events: 10, Errors: 2}, others: tally{Events: 9000}, want: takeAll},
		{name: "three are not", after: time.Second, canaries: tally{Events: 10, Errors: 3}, others: tally{Events: 9000}, want: takeBack, why: "3 errors in 10 events, against 0 in 9000"},
		{name: "three, and the others had no traffic", after: time.Second, canaries: tally{Events: 10, Errors: 3}, want: takeBack},
		{name: "as many as the others", after: time.Second, canaries: tally{Events: 1000, Errors: 100}, others: tally{Events: 9000, Errors: 900}, want: watchOn},
		{name: "a few more than the others", after: time.Second, canaries: tally{Events: 1000, Errors: 199}, others: tally{Events: 9000, Errors: 900}, want: watchOn},
		{name: "twice as many", after: time.Second, canaries: tally{Events: 1000, Errors: 201}, others: tally{Events: 9000, Errors: 900}, want: takeBack},
		{name: "twice as many, of a few", after: time.Second, canaries: tally{Events: 20, Errors: 5}, others: tally{Events: 9000, Errors: 900}, want: watchOn},
		{name: "fewer than the others", after: time.Minute, canaries: tally{Events: 1000}, others: tally{Events: 9000, Errors: 900}, want: takeAll},
		{name: "trips among errors that were there before", after: time.Second, canaries: tally{Events: 1000, Errors: 100, Trips: 3}, others: tally{Events: 9000, Errors: 900}, want: takeBack, why: "3 budget trips"},
		{name: "sessions end", after: time.Second, canaries: tally{Events: 9, Ended: 3}, want: takeBack, why: "3 sessions ended in 1 binds"},
		{name: "sessions end everywhere", after: time.Second, canaries: tally{Events: 9, Ended: 3}, others: tally{Binds: 1, Events: 9, Ended: 3}, want: watchOn},
		{name: "refused by the host", after: time.Second, canaries: tally{Requests: 100, Refused: 30}, others: tally{Requests: 900, Refused: 9}, want: takeBack, why: "30 requests that the host had to refuse in 100 requests, against 9 in 900"},
		{name: "refused by the SMSC", after: time.Second, canaries: tally{Asked: 100, Rejected: 30}, others: tally{Asked: 900}, want: takeBack, why: "30 requests that the SMSC refused in 100"},
		{name: "refused by the SMSC as before", after: time.Second, canaries: tally{Asked: 100, Rejected: 30, before: wire{asked: 1000, rejected: 250}}, others: tally{Asked: 900}, want: watchOn},
		{name: "no responses", after: time.Second, canaries: tally{Asked: 30, Silent: 30}, others: tally{Asked: 900}, want: takeBack, why: "30 requests without a response in time in 30"},
		{name: "no answers", after: time.Second, looks: answerLooks + 1, canaries: tally{Requests: 30, Answered: 10}, others: tally{Requests: 900, Answered: 900}, want: takeBack, why: "20 requests without an answer after 15 s in 30 requests, against 0 in 900"},
		{name: "no answers yet", after: time.Second, looks: answerLooks, canaries: tally{Requests: 30, Answered: 10}, others: tally{Requests: 900, Answered: 900}, want: watchOn},
		{name: "no answers as before", after: time.Second, looks: answerLooks + 1, canaries: tally{Requests: 30, Answered: 10, before: wire{requests: 30, answered: 15}}, want: watchOn},
		{name: "not bound in the end", after: time.Minute, canaries: tally{Events: 9}, others: tally{Binds: 3, Bound: 2}, want: takeBack, why: "none of its binds is bound in the end, against 2 of 3 others"},
		{name: "nobody is bound in the end", after: time.Minute, canaries: tally{Events: 9}, others: tally{Binds: 3}, want: takeAll},
		{name: "slow once", after: time.Second, canaries: tally{Events: 100, P95: 10 * time.Millisecond}, others: tally{Events: 100, P95: time.Millisecond}, want: watchOn},
		{name: "slow for a while", after: time.Second, looks: slowLooks, canaries: tally{Events: 100, P95: 10 * time.Millisecond}, others: tally{Events: 100, P95: time.Millisecond}, want: takeBack, why: "up to 10ms, those of the others 1ms"},
		{name: "slow at the end", after: time.Minute, canaries: tally{Events: 100, P95: 10 * time.Millisecond}, others: tally{Events: 100, P95: time.Millisecond}, want: takeBack},
		{name: "slower by what nobody feels", after: time.Minute, canaries: tally{Events: 100, P95: 900 * time.Microsecond}, others: tally{Events: 100, P95: time.Microsecond}, want: takeAll},
		{name: "slow, but hardly measured", after: time.Minute, canaries: tally{Events: 99, P95: time.Second}, others: tally{Events: 100, P95: time.Microsecond}, want: takeAll},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.canaries.Binds++ // there is one, unless said otherwise
			j := judge{began: at(0), period: time.Minute}
			var got verdict
			var why string
			for i := range max(1, tt.looks) {
				if got != watchOn {
					t.Fatalf("at look %d already: %v %s", i, got, why)
				}
				got, why = j.look(at(tt.after+time.Duration(i)*time.Second), tt.canaries, tt.others)
			}
			if got != tt.want || !strings.Contains(why, tt.why) || (why == "") != (got == watchOn) {
				t.Errorf("%v %q, want %v %q", got, why, tt.want, tt.why)
			}
		})
	}
}

// The judge never contradicts itself: whoever is worse in nothing is not taken back, and a canary ends.
func TestJudgeEnds(t *testing.T) {
	for _, c := range []tally{{Binds: 1}, {Binds: 1, Events: 50, Errors: 9}, {Binds: 1, Events: 1000, P95: time.Second}} {
		j := judge{began: time.Unix(0, 0), period: time.Minute}
		if v, _ := j.look(time.Unix(60, 0), c, tally{}); v == watchOn {
			t.Errorf("%+v is watched for ever", c)
		}
	}
	same := tally{Binds: 1, Events: 1000, Errors: 500, Trips: 400, P95: time.Second}
	j := judge{began: time.Unix(0, 0), period: time.Minute}
	for i := range 60 {
		if v, why := j.look(time.Unix(int64(i), 0), same, same); v != watchOn {
			t.Fatal(v, why)
		}
	}
	if v, why := j.look(time.Unix(60, 0), same, same); v != takeAll {
		t.Error(v, why)
	}
}

// Every duration lies in the slot before its end, and a slot is no wider than a quarter.
func TestMeterSlots(t *testing.T) {
	for d := time.Duration(perOctave); d < time.Hour; d += 1 + d/1000 {
		i := slot(d)
		if end := slotEnd(i); d >= end || end > d+d/4+1 {
			t.Fatalf("%d lies in slot %d, which ends at %d", d, i, end)
		}
	}
	var m meter
	if m.below(0.95) != 0 {
		t.Error("a meter that measured nothing has a percentile")
	}
	for i := range 100 {
		m.times[slot(time.Duration(i+1)*time.Millisecond)].Add(1)
	}
	if p := m.below(0.95); p < 95*time.Millisecond || p > 125*time.Millisecond {
		t.Error(p)
	}
}
