---@meta
-- Written by go generate from the declarations in luabind. Do not edit.

---A counter.
---@class Counter
local Counter = {}

---Adds to the series with the labels.
---
---To be called in: callbacks and tasks.
---```lua
---local seen = metrics.counter("seen")
---assert(seen:add() and seen:add(2))
---```
---@param n? number # 1; not less than 0
---@param labels? table # a value for each label
---@return boolean? ok # true
---@return Error? err # nil, or what went wrong: limit
function Counter:add(n, labels) end

---Reads the series with the labels.
---
---To be called in: callbacks and tasks.
---```lua
---local read = metrics.counter("read_back")
---assert(read:add(5) and read:value() >= 5)
---```
---@param labels? table # a value for each label
---@return number value # 0 if nothing was counted
function Counter:value(labels) end

---A gauge.
---@class Gauge
local Gauge = {}

---Sets the series with the labels.
---
---To be called in: callbacks and tasks.
---```lua
---assert(metrics.gauge("members"):set(12))
---```
---@param value number # the new value
---@param labels? table # a value for each label
---@return boolean? ok # true
---@return Error? err # nil, or what went wrong: limit
function Gauge:set(value, labels) end

---Adds to the series with the labels.
---
---To be called in: callbacks and tasks.
---```lua
---assert(metrics.gauge("members"):add(-1))
---```
---@param n? number # 1; less than 0 takes away
---@param labels? table # a value for each label
---@return boolean? ok # true
---@return Error? err # nil, or what went wrong: limit
function Gauge:add(n, labels) end

---Reads the series with the labels.
---
---To be called in: callbacks and tasks.
---```lua
---assert(metrics.gauge("never_set"):value() == 0)
---```
---@param labels? table # a value for each label
---@return number value # 0 if nothing was counted
function Gauge:value(labels) end

---A histogram.
---@class Histogram
local Histogram = {}

---Counts a value in the series with the labels.
---
---To be called in: callbacks and tasks.
---```lua
---local began = time.monotonic()
---assert(metrics.histogram("work_seconds"):observe(time.monotonic() - began))
---```
---@param value number # what was measured
---@param labels? table # a value for each label
---@return boolean? ok # true
---@return Error? err # nil, or what went wrong: limit
function Histogram:observe(value, labels) end

---Counters, gauges and histograms that the host shows, each with the label bind. They belong to the host: neither a reload nor a reconnect resets them. A bind may have 1,000 series (limits.metrics), one for each set of label values; what is beyond is refused: limit. Never make a label of a number or an id. Names that begin with esmehost_, go_ or process_ are the host's. Binds choose their names without regard to each other: where two of them mean different kinds by one, /metrics has the series of both under that name, and calls its type untyped.
---@class metricslib
metrics = {}

---Declares a counter, which only grows. The same name again gives the same one; with other labels it raises.
---
---To be called in: anywhere.
---```lua
---local sent = metrics.counter("routed", { help = "Messages by route.", labels = { "route" } })
---assert(sent:add(1, { route = "default" }))
---```
---@param name string # letters, digits and _
---@param opts? { help?: string, labels?: string[] } # what it is
---@return Counter counter # to count with
function metrics.counter(name, opts) end

---Declares a gauge, which goes up and down. The same name again gives the same one; with other labels it raises.
---
---To be called in: anywhere.
---```lua
---local waiting = metrics.gauge("receipts_waiting")
---assert(waiting:set(7))
---```
---@param name string # letters, digits and _
---@param opts? { help?: string, labels?: string[] } # what it is
---@return Gauge gauge # to count with
function metrics.gauge(name, opts) end

---Declares a histogram, which counts how often values fall into buckets. The same name again gives the same one; with other labels it raises.
---
---To be called in: anywhere.
---```lua
---local took = metrics.histogram("lookup_seconds", { buckets = { 0.01, 0.1, 1 } })
---assert(took:observe(0.05))
---```
---@param name string # letters, digits and _
---@param opts? { help?: string, labels?: string[], buckets?: number[] } # what it is
---@return Histogram histogram # to count with
function metrics.histogram(name, opts) end

return metrics
