with shown as (
  select 1 as place, 'NAS-Bench-201, latency' as what, mape, spearman, flops_spearman as plain from 'zoo.csv'
    where entry = 'nasbench201-latency'
  union all select 2, 'FBNet, latency', mape, spearman, flops_spearman from 'zoo.csv' where entry = 'fbnet-latency'
  union all select 3, 'NAS-Bench-201, accuracy', mape, spearman, flops_spearman from 'zoo.csv'
    where entry = 'nasbench201-accuracy'
  union all select place, what, mape, spearman, null from 'network_zoo.csv' join (values
    ('network-phone', 4, 'any network, phones'), ('network-gpus', 5, 'any network, GPUs and a processor'),
    ('network-boards', 6, 'any network, boards (35 networks teach)'), ('network-paddle', 7, 'any network, T4, V100 and a phone by PaddlePaddle (125)'),
    ('network-fpgas', 8, 'any network, FPGAs (16)'), ('network-npus', 9, 'any network, NPUs (43)')
    ) as named(kind, place, what) on starts_with(entry, kind) and not ends_with(entry, 'memory')
  union all select 10, 'NAS-Bench-201, a new device by ten measurements', mape, spearman, null from (
    pivot (unpivot (from 'leave-one-device-out.csv' where measured = 10 and predictor = 'adapted, suggested')
      on columns(* exclude (predictor, seeds, measured, figure, mean, deviation, worst)) into name device value v)
    on figure using first(v) group by device))
select what, count(*) as devices, printf('%.1f %%', 100 * median(mape)) as "mean error, median device",
  printf('%.1f %%', 100 * max(mape)) as "worst device", printf('%.3f', median(spearman)) as Spearman,
  printf('%.3f', median(plain)) as "multiply-adds: Spearman"
from shown group by place, what order by place
