namespace FleetEstimator.Traces.KernelTruth;

/// <summary>The device a guest swaps to.</summary>
public enum SwapDevice
{
    /// <summary>zram: synchronous; a page is gone from memory as soon as it is written.</summary>
    Zram,

    /// <summary>SSD: asynchronous, not rotational; a page stays in the swap cache under write-back.</summary>
    Ssd,
}

/// <summary>zswap in front of the swap device.</summary>
public enum ZswapSetting
{
    /// <summary>Off, its parameter written once since boot, which on 6.12 also switches large swap-in off.</summary>
    Off,

    /// <summary>On.</summary>
    On,

    /// <summary>Off, its parameter never written since boot: large swap-in is possible.</summary>
    NeverWritten,
}

/// <summary>A sysfs setting of transparent huge pages, of 2 MiB or of 64 KiB.</summary>
public enum HugePageSetting
{
    /// <summary>Never.</summary>
    Never,

    /// <summary>Only where madvise asked for it.</summary>
    Madvise,

    /// <summary>Always.</summary>
    Always,
}

/// <summary>The settings of the machine a scenario ran on. Every guest has one CPU and pages of 4 KiB.</summary>
public sealed record Guest
{
    /// <summary>The swap device, of 512 MiB.</summary>
    public required SwapDevice Swap { get; init; }

    /// <summary>vm.page-cluster: read-ahead of up to 2^n pages; 0 = none.</summary>
    public required int PageCluster { get; init; }

    /// <summary>zswap; off where the scenario says nothing.</summary>
    public ZswapSetting Zswap { get; init; }

    /// <summary>Huge pages of 2 MiB; never where the scenario says nothing.</summary>
    public HugePageSetting TransparentHugePages { get; init; }

    /// <summary>Huge pages of 64 KiB; never where the scenario says nothing.</summary>
    public HugePageSetting HugePages64K { get; init; }

    /// <summary>Multi-generational (true) or classic (false) LRU; null where the scenario says nothing.</summary>
    public bool? MultiGenerationalLru { get; init; }
}
