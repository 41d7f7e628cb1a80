using System.Text.Json.Serialization;

namespace FleetEstimator.Estimation;

/// <summary>What a kernel counted over a period, and what the model counted over the same. All in pages.</summary>
public sealed record CounterError
{
    /// <summary>Name of the <see cref="BacktestCounter"/>.</summary>
    public required string Counter { get; init; }

    /// <summary>What the kernel counted.</summary>
    public required long Counted { get; init; }

    /// <summary>The least the model counted: the less of all accesses of unknown kind as loads, and as stores.</summary>
    public required long ModelledLow { get; init; }

    /// <summary>The most the model counted.</summary>
    public required long ModelledHigh { get; init; }

    /// <summary>Standard error of what the model counted, because the recording holds only a sample of pages; null where it holds all, or for a part of the time.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? PageSamplingError { get; init; }

    /// <summary>Least modelled minus counted.</summary>
    public long DifferenceLow => ModelledLow - Counted;

    /// <summary>Most modelled minus counted.</summary>
    public long DifferenceHigh => ModelledHigh - Counted;

    /// <summary>Least modelled by counted; null if nothing was counted.</summary>
    public double? RatioLow => Counted == 0 ? null : (double)ModelledLow / Counted;

    /// <summary>Most modelled by counted; null if nothing was counted.</summary>
    public double? RatioHigh => Counted == 0 ? null : (double)ModelledHigh / Counted;

    /// <summary>Whether neither the kernel nor the model counted anything.</summary>
    [JsonIgnore]
    public bool IsEmpty => Counted == 0 && ModelledHigh == 0;

    /// <summary>
    /// By how much the model misses what was counted, as a share of it: 0 within the modelled range, which page sampling widens by two standard errors on both sides;
    /// negative below. Infinite if nothing was counted.
    /// </summary>
    [JsonIgnore]
    public double Miss
    {
        get
        {
            var slack = 2 * PageSamplingError.GetValueOrDefault();
            var miss = ModelledLow - slack > Counted ? ModelledLow - Counted : ModelledHigh + slack < Counted ? ModelledHigh - Counted : 0.0;
            return miss == 0 ? 0 : miss / Counted;
        }
    }

    /// <summary>The sum of parts. Bounds are added: the true bounds of the sum lie within.</summary>
    public static CounterError Sum(string name, IEnumerable<CounterError> parts) => parts.Aggregate(
        new CounterError { Counter = name, Counted = 0, ModelledLow = 0, ModelledHigh = 0 },
        (sum, part) => sum with
        {
            Counted = sum.Counted + part.Counted,
            ModelledLow = sum.ModelledLow + part.ModelledLow,
            ModelledHigh = sum.ModelledHigh + part.ModelledHigh,
        });
}
