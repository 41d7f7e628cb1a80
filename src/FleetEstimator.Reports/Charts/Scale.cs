namespace FleetEstimator.Reports.Charts;

/// <summary>Where values lie on an axis, from 0 to 1, and its ticks in one unit.</summary>
internal sealed class Scale
{
    private readonly double _from;
    private readonly double _to;
    private readonly bool _logarithmic;
    private readonly FigureUnit _unit;
    private readonly int _decimals;

    private Scale(ChartAxis axis, double from, double to)
    {
        (_from, _to, _logarithmic) = (from, to, axis.Logarithmic);
        _unit = Measures.UnitFor(axis.Measure, to);
        Title = axis.Logarithmic ? axis.Name : $"{_unit.Suffix.Trim()} {axis.Name}".Trim();
    }

    private Scale(ChartAxis axis, double from, double to, int ticks)
        : this(axis, from, to)
    {
        var step = RoundStep((to - from) / _unit.Size / ticks);
        _decimals = Math.Max(0, -(int)Math.Floor(Math.Log10(step) + 1e-9));
        var first = (int)Math.Ceiling(from / _unit.Size / step - 1e-9);
        var last = (int)Math.Floor(to / _unit.Size / step + 1e-9);
        Ticks = [.. Enumerable.Range(first, last - first + 1).Select(index => index * step * _unit.Size)];
    }

    /// <summary>The unit and what is counted in it; on a logarithmic axis each tick has its unit.</summary>
    public string Title { get; }

    /// <summary>Ascending, within the axis.</summary>
    public IReadOnlyList<double> Ticks { get; private init; } = [];

    /// <summary>An axis that begins at 0 and reaches its last value; <paramref name="ticks"/> says about how many there are.</summary>
    public static Scale FromZero(ChartAxis axis, double most, int ticks) => new(axis, 0, most > 0 ? most : Measures.UnitFor(axis.Measure, 0).Size, ticks);

    /// <summary>An axis from the least to the greatest value, logarithmic if it says so, and then with ticks at some of the values themselves.</summary>
    public static Scale Over(ChartAxis axis, IReadOnlyList<double> ascending, int ticks)
    {
        var (least, most) = (ascending[0], ascending[^1]);
        if (!axis.Logarithmic)
            return FromZero(axis, most, ticks);
        if (least >= most)
            return new Scale(axis, least / 2, least * 2) { Ticks = [least] };

        // The last one, and before it those that leave room for labels.
        var room = Math.Log(most / least) / (ticks + 2);
        var chosen = new List<double>();
        foreach (var value in ascending.Reverse())
        {
            if (chosen.Count == 0 || Math.Log(chosen[^1] / value) >= room)
                chosen.Add(value);
        }

        chosen.Reverse();
        return new Scale(axis, least, most) { Ticks = chosen };
    }

    /// <summary>0 at the beginning of the axis, 1 at its end.</summary>
    public double At(double value) => _logarithmic ? Math.Log(value / _from) / Math.Log(_to / _from) : (value - _from) / (_to - _from);

    /// <summary>A tick without its unit, or with one of its own on a logarithmic axis.</summary>
    public string Label(double tick, Measure measure) => _logarithmic ? Measures.Text(tick, measure) : Measures.Number(tick / _unit.Size, _decimals);

    /// <summary>The next 1, 2 or 5 times a power of ten, from <paramref name="step"/> on.</summary>
    public static double RoundStep(double step)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(step)));
        return (step / power) switch
        {
            > 5 => 10 * power,
            > 2 => 5 * power,
            > 1 => 2 * power,
            _ => power,
        };
    }
}
