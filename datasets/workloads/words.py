"""Text, names and skewed choices for generated data; always the same for the same seed."""
import random

SYLLABLES = "an ber ca do el fi gra ho in ja ka lo mi no or pa qui re sa ta un vo we xi ya zu stra ment tion ly".split()


class Words:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.vocabulary = ["".join(self.random.choices(SYLLABLES, k=self.random.randint(1, 4))) for _ in range(4000)]
        self.weights = [1 / (rank + 2) for rank in range(len(self.vocabulary))]
        self.cumulative = []
        total = 0.0
        for weight in self.weights:
            total += weight
            self.cumulative.append(total)

    def text(self, count):
        return " ".join(self.random.choices(self.vocabulary, cum_weights=self.cumulative, k=count))

    def name(self):
        return self.random.choice(self.vocabulary).capitalize() + " " + self.random.choice(self.vocabulary).capitalize()

    def skewed(self, count):
        """A number below count; few are drawn often, most rarely (log-uniform, close to Zipf's law)."""
        return min(count - 1, int(count ** self.random.random()) - 1)
