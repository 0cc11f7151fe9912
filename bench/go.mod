// A module of its own, so that the codecs and sessions we are measured against are no dependency of ours.
module github.com/esmehost/esmehost/bench

go 1.26.0

replace github.com/esmehost/esmehost => ../

require (
	github.com/esmehost/esmehost v0.0.0-00010101000000-000000000000
	github.com/fiorix/go-smpp v0.0.0-20210403173735-2894b96e70ba
	github.com/linxGnu/gosmpp v0.3.1
	github.com/warthog618/sms v0.3.0
)

require (
	github.com/cenkalti/backoff/v5 v5.0.3 // indirect
	github.com/orcaman/concurrent-map/v2 v2.0.1 // indirect
	golang.org/x/exp v0.0.0-20240604190554-fc45aab8b7f8 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/time v0.16.0 // indirect
)
