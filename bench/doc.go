// Package bench measures esmehost beside what others wrote, in the same run: pdu/ its codec, esme/ its
// sessions. Run it by
// `make bench`. A line of a peer ends with "times": how many times as long as ours it took.
package bench
