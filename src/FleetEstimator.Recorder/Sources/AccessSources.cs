namespace FleetEstimator.Recorder;

/// <summary>Whether this kernel and user have something, and if not, why not and what to switch on.</summary>
/// <param name="WhyNot">Null if it is there.</param>
/// <param name="Remedy">What to switch on; null if it is there or nothing would help.</param>
internal readonly record struct Availability(string? WhyNot = null, string? Remedy = null)
{
    internal bool IsAvailable => WhyNot is null;
}

/// <summary>Which access sources there are, and opens one of them.</summary>
internal static class AccessSources
{
    private static readonly (AccessSourceKind Kind, string Name)[] _names =
    [
        (AccessSourceKind.IdlePageAndSoftDirty, "idle-page+soft-dirty"),
        (AccessSourceKind.IdlePage, "idle-page"),
        (AccessSourceKind.SoftDirty, "soft-dirty"),
        (AccessSourceKind.Damon, "damon"),
        (AccessSourceKind.DamonOfPhysicalMemory, "damon-paddr"),
        (AccessSourceKind.Content, "content"),
        (AccessSourceKind.PageOut, "page-out"),
    ];

    /// <summary>All but <see cref="AccessSourceKind.Auto"/>, best first, with the names a user gives.</summary>
    internal static IReadOnlyList<(AccessSourceKind Kind, string Name)> All => _names;

    /// <summary>Whether a source can be used.</summary>
    internal static Availability Check(AccessSourceKind kind, KernelTree kernel) => kind switch
    {
        AccessSourceKind.IdlePageAndSoftDirty => (IdlePageBitmap.Check(kernel), SoftDirtyBits.Check(kernel)) switch
        {
            ({ IsAvailable: true }, var softDirty) => softDirty,
            (var idle, { IsAvailable: true }) => idle,
            var (idle, softDirty) => new($"{idle.WhyNot} {softDirty.WhyNot}", $"{idle.Remedy} {softDirty.Remedy}"),
        },
        AccessSourceKind.IdlePage => IdlePageBitmap.Check(kernel),
        AccessSourceKind.SoftDirty => SoftDirtyBits.Check(kernel),
        AccessSourceKind.Damon or AccessSourceKind.DamonOfPhysicalMemory => DamonSysfs.Check(kernel),
        AccessSourceKind.PageOut => PageOutSource.Check(kernel),
        _ => default,
    };

    /// <summary>The source that <see cref="AccessSourceKind.Auto"/> is: the first that can be used and disturbs nobody, and of DAMON that of processes' memory only.</summary>
    internal static AccessSourceKind Best(KernelTree kernel, bool isWholeNode) => _names.First(source => source.Kind switch
    {
        AccessSourceKind.PageOut or AccessSourceKind.DamonOfPhysicalMemory => false,
        AccessSourceKind.Damon => !isWholeNode && Check(source.Kind, kernel).IsAvailable && KernelConfig.Read(kernel).Has("CONFIG_DAMON_VADDR") != false,
        _ => Check(source.Kind, kernel).IsAvailable,
    }).Kind;

    /// <summary>Opens a source.</summary>
    /// <param name="options">Which, and for what.</param>
    /// <param name="kernel">Where the kernel's files are.</param>
    /// <exception cref="RecordingException">This kernel or user does not have it.</exception>
    internal static AccessSource Open(RecordingOptions options, KernelTree kernel)
    {
        DamonSysfs.CleanUp(DamonSysfs.DefaultFolder);
        var isAuto = options.Source == AccessSourceKind.Auto;
        var kind = isAuto ? Best(kernel, options.Target is RecordingTarget.Node) : options.Source;
        var availability = Check(kind, kernel);
        if (!availability.IsAvailable)
        {
            throw new RecordingException(
                RecordingFailure.NotSupported,
                $"--source {_names.First(source => source.Kind == kind).Name} cannot be used here: {availability.WhyNot} {availability.Remedy} `fleet-estimator doctor` says what can.");
        }

        try
        {
            return Open(kind, options, kernel);
        }
        catch (RecordingException) when (kind == AccessSourceKind.Damon && isAuto)
        {
            // What it can do is known for certain only once it has been taken, and another recording may be quicker.
            return new ContentSource();
        }
    }

    private static AccessSource Open(AccessSourceKind kind, RecordingOptions options, KernelTree kernel) => kind switch
    {
        AccessSourceKind.IdlePageAndSoftDirty => new IdlePageSource(kernel, IdlePageBitmap.Open(kernel), withSoftDirty: true),
        AccessSourceKind.IdlePage => new IdlePageSource(kernel, IdlePageBitmap.Open(kernel), withSoftDirty: false),
        AccessSourceKind.SoftDirty => new SoftDirtySource(kernel),
        AccessSourceKind.Damon => DamonSource.Start(
            kernel, options.Interval, ofProcesses: options.Target is not RecordingTarget.Node, orElsePhysical: options.Source != AccessSourceKind.Auto),
        AccessSourceKind.DamonOfPhysicalMemory => DamonSource.Start(kernel, options.Interval, ofProcesses: false, orElsePhysical: true),
        AccessSourceKind.PageOut => new PageOutSource(),
        _ => new ContentSource(),
    };
}
