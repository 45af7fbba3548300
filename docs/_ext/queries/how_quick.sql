select what as "1,024 at once", printf('%.2g ms', median_ms) as median, printf('%.0f', ratio) as "times as fast as LightGBM"
from 'predict_latency.csv' join (values ('nasbench201, notation', 'NAS-Bench-201 strings'),
  ('fbnet, codes', 'FBNet codes'), ('ofa_mbv3, notation', 'Once-for-All dicts')) as named("case", what) using ("case")
