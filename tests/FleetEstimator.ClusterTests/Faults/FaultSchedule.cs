namespace FleetEstimator.ClusterTests.Faults;

/// <summary>
/// What goes wrong in one run, drawn from a seed: how likely each kind of fault is, and at which call. The order in which concurrent calls draw is not fixed, so a seed repeats
/// a kind of weather, not a run.
/// </summary>
internal sealed class FaultSchedule
{
    private readonly Lock _lock = new();
    private readonly Random _random;
    private readonly Dictionary<Fault, double> _likelihoods;
    private readonly Dictionary<Fault, int> _happened = [];

    /// <summary>Draws a schedule.</summary>
    public FaultSchedule(int seed)
    {
        _random = new Random(seed);

        // Half of the kinds, each from hardly ever to one call in six.
        _likelihoods = Enum.GetValues<Fault>().ToDictionary(fault => fault, _ => _random.Next(2) == 0 ? 0 : Math.Pow(_random.NextDouble(), 2) / 6);
        if (_likelihoods.Values.Sum() == 0)
            _likelihoods[Fault.RequestLost] = 0.1;
        KillsASilo = seed % 10 == 0;
        CancelsAndGoesOn = _random.Next(4) == 0;
    }

    private FaultSchedule(Dictionary<Fault, double> likelihoods) => (_random, _likelihoods) = (new Random(0), likelihoods);

    /// <summary>Nothing goes wrong.</summary>
    public static FaultSchedule Calm { get; } = new([]);

    /// <summary>Whether a silo is killed in the middle of the study, and another started.</summary>
    public bool KillsASilo { get; }

    /// <summary>Whether the study is cancelled in the middle and resumed.</summary>
    public bool CancelsAndGoesOn { get; }

    /// <summary>Faults so far.</summary>
    public int Happened
    {
        get
        {
            lock (_lock)
                return _happened.Values.Sum();
        }
    }

    /// <summary>Whether a fault happens now.</summary>
    public bool Happens(Fault fault)
    {
        lock (_lock)
        {
            if (_random.NextDouble() >= _likelihoods.GetValueOrDefault(fault))
                return false;
            _happened[fault] = _happened.GetValueOrDefault(fault) + 1;
            return true;
        }
    }

    /// <summary>How long a delay takes.</summary>
    public TimeSpan Delay()
    {
        lock (_lock)
            return TimeSpan.FromMilliseconds(_random.Next(1, 60));
    }

    public override string ToString()
    {
        lock (_lock)
        {
            return string.Join(", ", _happened.OrderBy(fault => fault.Key).Select(fault => $"{fault.Key} {fault.Value}"))
                + (KillsASilo ? ", a silo killed" : "") + (CancelsAndGoesOn ? ", cancelled and resumed" : "");
        }
    }
}

/// <summary>Kinds of faults.</summary>
internal enum Fault
{
    /// <summary>A call does not arrive.</summary>
    RequestLost,

    /// <summary>A call is carried out, and its answer does not arrive.</summary>
    AnswerLost,

    /// <summary>A call arrives late.</summary>
    RequestDelayed,

    /// <summary>An answer arrives late.</summary>
    AnswerDelayed,

    /// <summary>A call arrives twice.</summary>
    RequestDoubled,

    /// <summary>A grain goes after a call, and what it has not stored with it.</summary>
    GrainDies,

    /// <summary>State cannot be read.</summary>
    ReadFails,

    /// <summary>State cannot be stored.</summary>
    WriteFails,

    /// <summary>State is stored, and the answer that it is does not arrive.</summary>
    WriteUncertain,
}
