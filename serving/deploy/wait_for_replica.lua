-- HAProxy's action for a request that finds no replica: it waits until one is up, or another HAProxy takes over from
-- this one, whose requests then go to the port of both. Probes ask for the state as it is, and do not wait.
local LONGEST_S, LOOK_MS = ..., 100
local PROBES = { ["/healthz"] = true, ["/readyz"] = true }

local function is_up()
    for _, backend in pairs(core.backends) do
        for name, server in pairs(backend.servers) do
            if name ~= "itself" and server:get_stats().status:find("^UP") then return true end
        end
    end
    return false
end

core.register_action("wait_for_replica", { "http-req" }, function(txn)
    local looks = PROBES[txn.sf:path()] and 0 or tonumber(LONGEST_S) * 1000 // LOOK_MS
    while not is_up() and core.get_info().Stopping == 0 do
        if looks == 0 then
            txn:set_var("txn.unserved", true)
            return
        end
        looks = looks - 1
        core.msleep(LOOK_MS)
    end
end, 0)
