-- data that is small and unfolds: one table in many places
-- ends: limits error
return {
  handle_pdu = function(p, state)
    local t = { ("x"):rep(1000) }
    for i = 1, 30 do t = { t, t, t, t } end
    pcall(json.encode, t) pcall(esme.cast, esme.name, t) pcall(esme.send_after, 0, t) pcall(log.info, "x", { t = t })
    map.open("m", { max = 10 }):set("k", t)
    state.t = t
    return state
  end,
}
