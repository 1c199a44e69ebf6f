# What ./run shows: a table by pandas, and a plot by matplotlib that comes back as a picture.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

rng = np.random.default_rng(seed=7)
days = pd.date_range("2026-01-01", periods=90, freq="D")
sales = pd.DataFrame(
    {
        "bananas": 140 + rng.normal(0, 6, len(days)).cumsum().round(1),
        "coconuts": 120 + rng.normal(0, 4, len(days)).cumsum().round(1),
    },
    index=days,
)

figure, axes = plt.subplots(figsize=(8, 4))
sales.plot(ax=axes)
axes.set_title("Sales of the jungle shop")
axes.set_xlabel("day")
axes.set_ylabel("sold (pieces)")
plt.show()

print("Means by month:")
sales.groupby(sales.index.month_name(), sort=False).mean().round(2)
