"""A nightly data job: events into features with pandas, then models with scikit-learn; once per region until it is ended."""
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

CUSTOMERS, EVENTS = 25_000, 400_000


def events(rng):
    customer = (CUSTOMERS * rng.power(3, EVENTS)).astype(np.int64)
    return pd.DataFrame({
        "customer": customer,
        "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 90 * 86400, EVENTS), unit="s"),
        "kind": rng.choice(["view", "cart", "buy", "return", "support"], EVENTS, p=[0.7, 0.15, 0.1, 0.03, 0.02]),
        "channel": rng.choice(["web", "app", "shop", "partner"], EVENTS),
        "amount": np.round(rng.lognormal(3, 1, EVENTS), 2),
    })


def features(table):
    counts = table.pivot_table(index="customer", columns=["kind", "channel"], values="amount", aggfunc="count", fill_value=0)
    counts.columns = ["_".join(column) for column in counts.columns]
    spent = table[table["kind"] == "buy"].groupby("customer")["amount"].agg(["sum", "mean", "max", "std"]).add_prefix("spent_")
    hours = pd.get_dummies(table["when"].dt.hour, prefix="hour").groupby(table["customer"]).sum()
    last = (table["when"].max() - table.groupby("customer")["when"].max()).dt.days.rename("days_since")
    return counts.join(spent).join(hours).join(last).fillna(0).astype(np.float64)


def job(region):
    rng = np.random.default_rng(region)
    table = events(rng)
    x = features(table)
    signal = x["spent_sum"] / 200 - x["days_since"] / 10 + rng.normal(0, 1, len(x))
    y = (signal > signal.median()).astype(int)
    parts = train_test_split(x, y, test_size=0.25, random_state=region)
    x_train, x_test, y_train, y_test = parts
    scaler = StandardScaler().fit(x_train)
    models = {
        "logistic": LogisticRegression(max_iter=200),
        "forest": RandomForestClassifier(n_estimators=60, min_samples_leaf=5, n_jobs=2, random_state=region),
        "boosting": HistGradientBoostingClassifier(max_iter=60, random_state=region),
    }
    for name, model in models.items():
        model.fit(scaler.transform(x_train), y_train)
        score = roc_auc_score(y_test, model.predict_proba(scaler.transform(x_test))[:, 1])
        print(f"region {region}: {name} {score:.3f}", flush=True)


region = 0
while True:
    region += 1
    job(region)
