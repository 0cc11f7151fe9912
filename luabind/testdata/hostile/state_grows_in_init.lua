-- each session begins with all that its state may hold, and half as much again in a map
-- ends: limits fine error
return {
  init = function()
    local m = map.open("m", { max = 5000000 })
    local t = {}
    for i = 1, 12 do t[i] = i .. ("x"):rep(1000000) m:set(i .. "", ("y"):rep(60000)) end
    return t
  end,
  handle_pdu = function(p, state) state[#state + 1] = #state .. ("x"):rep(1000000) return state end,
}
