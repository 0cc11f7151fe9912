-- a metric is given a hundred thousand labels, each to be compared with all others
-- ends: limits error
return {
  handle_pdu = function()
    local labels = {}
    for i = 1, 50000 do labels[i] = "l" .. i end
    while true do pcall(metrics.counter, "many", { labels = labels }) end
  end,
}
