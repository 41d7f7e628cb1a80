namespace FleetEstimator.Estimation;

/// <summary>
/// What recordings count for within their class: the inverse of the probability with which each recorded node was selected, on any scale. Equal weights where all nodes of a
/// class had the same chance.
/// </summary>
public sealed class SelectionWeights
{
    private readonly IReadOnlyDictionary<(int Class, int Recording), double> _weights;

    /// <summary>Weights by class and recording; what is left out weighs 1.</summary>
    /// <exception cref="ArgumentException">A weight is not a number above 0.</exception>
    public SelectionWeights(IReadOnlyDictionary<(int Class, int Recording), double> weights)
    {
        if (weights.Values.Any(weight => !(weight > 0) || double.IsInfinity(weight)))
            throw new ArgumentException("A weight is not a number above 0.", nameof(weights));
        _weights = weights;
    }

    /// <summary>Every recording weighs 1.</summary>
    public static SelectionWeights Equal { get; } = new(new Dictionary<(int, int), double>());

    /// <summary>The weight of a recording in a class.</summary>
    public double Of(int @class, int recording) => _weights.GetValueOrDefault((@class, recording), 1);
}
