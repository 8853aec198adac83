-- Latent hijack
--
-- A handler returned to kernel code that had set the alternate slot, and left the slot changed.
-- @class 2
-- @severity warning
-- @needs alternate_map
SELECT run_id, set_icount AS from_icount, iret_icount AS icount, process, switch_at AS code,
  interrupt || ' interrupted ' || process || ' at icount ' || interrupt_icount || '; ' || switch_at
  || ' left the alternate map at ' || foreign_dir || ' (' || foreign_owner || ') instead of ' || set_dir || ' (' || set_owner || ')' AS summary,
  'latent-hijack' AS query, 0::BIGINT AS uses, 0::BIGINT AS stores
FROM latent_hijack WHERE NOT used
