local check = require "check"
local M = {}

M["format"] = function()
  check.equal(time.format(1706702400.25), "2024-01-31T12:00:00.25Z")
  check.equal(time.format(1706702400, nil, "Europe/Berlin"), "2024-01-31T13:00:00+01:00")
  check.equal(time.format(1706702400, "%Y%m%d %H:%M:%S %j %y %a %A %b %B %p %I %z %Z %s %L %% Mon 2006"), "20240131 12:00:00 031 24 Wed Wednesday Jan January PM 12 +0000 UTC 1706702400 000 % Mon 2006")
  check.raises("%q, which is not known", time.format, 0, "%q")
  check.raises("there is no time zone 'Mars/Base'", time.format, 0, nil, "Mars/Base")
  check.raises("there is no time zone", time.format, 0, nil, "../../etc/passwd")
  check.raises("must be a time of the years 1 to 9999", time.format, 1e300)
  check.raises("must be a time", time.format, 0 / 0)
  check.raises("at most 256", time.format, 0, ("%Y"):rep(1000))
end

M["parse"] = function()
  check.equal(time.parse("2024-01-31T12:00:00.5Z"), 1706702400.5)
  check.equal(time.parse("31.01.2024 13:00", "%d.%m.%Y %H:%M", "Europe/Berlin"), 1706702400)
  check.equal(time.parse("2024-01-31 13:00:00+0100", "%F %T%z"), 1706702400)
  check.equal(time.parse("031/24", "%j/%y"), 1706659200)
  check.equal(time.parse("1706702400", "%s"), 1706702400)
  check.fails("invalid_time", time.parse("yesterday"))
  check.fails("invalid_time", time.parse("2024-02-30", "%F"))
  check.fails("invalid_time", time.parse("2024-01-3", "%F"))
  check.fails("invalid_time", time.parse("2024-01-31x", "%F"))
  check.fails("invalid_time", time.parse("", "%s"))
  check.fails("invalid_time", time.parse("240131", "%y%m%d%H"))
  check.raises("cannot be read", time.parse, "Wed", "%a")
end

M["smpp"] = function()
  check.equal(time.smpp("90m"), "000000013000000R")
  check.equal(time.parse_smpp(time.smpp(1706702400)), 1706702400)
  local soon = time.parse_smpp("000000010000000R") - time.now()
  assert(soon > 3590 and soon < 3610)
  check.fails("invalid_time", time.parse_smpp("x"))
  check.fails("invalid_time", time.parse_smpp("9913010000000000"))
  check.raises("must be a time, or a duration", time.smpp, "tomorrow")
end

return M
