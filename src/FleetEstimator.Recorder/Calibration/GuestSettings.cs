using FleetEstimator.Traces.KernelTruth;

namespace FleetEstimator.Recorder.Calibration;

/// <summary>Makes this machine what a scenario's guest was, as far as it can be.</summary>
internal static class GuestSettings
{
    private const long SwapBytes = 512L << 20;
    private const string HugePages = "/sys/kernel/mm/transparent_hugepage";
    private const string MultiGenerationalLru = "/sys/kernel/mm/lru_gen/enabled";
    private const string KernelDebugging = "/sys/kernel/debug";

    /// <summary>Why this machine cannot be that guest, or null.</summary>
    /// <param name="guest">The guest.</param>
    /// <param name="mayWriteZswap">Whether zswap's parameter may be written, which the kernel remembers until it restarts.</param>
    internal static string? Unavailable(Guest guest, bool mayWriteZswap)
    {
        if (guest.Swap == SwapDevice.Zram && !Directory.Exists("/sys/class/zram-control"))
            return "zram: load it with modprobe zram";
        if (guest.Swap == SwapDevice.Ssd && !File.Exists("/dev/loop-control"))
            return "an asynchronous device: load loop devices with modprobe loop";
        if (guest.MultiGenerationalLru == true && !File.Exists(MultiGenerationalLru))
            return "the multi-generational LRU: this kernel has none";
        if (guest.TransparentHugePages != HugePageSetting.Never && !Directory.Exists(HugePages))
            return "transparent huge pages: this kernel has none";
        if (guest.HugePages64K != HugePageSetting.Never && !Directory.Exists($"{HugePages}/hugepages-64kB"))
            return "64 KiB huge pages: this kernel has none";
        if (guest.Zswap == ZswapSetting.On && !File.Exists(CostCalibration.ZswapEnabled))
            return "zswap: this kernel has none";
        if (guest.Zswap == ZswapSetting.On && !mayWriteZswap)
            return "zswap: allow it with --write-zswap, which lasts until the machine restarts in that large swap-in stays off";
        var largeSwapInMatters = guest.HugePages64K != HugePageSetting.Never;
        if (largeSwapInMatters && guest.Zswap == ZswapSetting.Off && File.Exists(CostCalibration.ZswapEnabled) && !mayWriteZswap && ZswapWasWritten != true)
            return "zswap's parameter written once: allow it with --write-zswap, which lasts until the machine restarts in that large swap-in stays off";
        if (largeSwapInMatters && guest.Zswap == ZswapSetting.NeverWritten && ZswapWasWritten != false)
            return "zswap's parameter never written: " + (ZswapWasWritten is null ? "without debugfs it cannot be told" : "it was; restart the machine");
        return null;
    }

    /// <summary>Sets everything and swaps to a device of the guest's kind.</summary>
    internal static void Apply(BorrowedMachine machine, Guest guest)
    {
        machine.Set("/proc/sys/vm/page-cluster", $"{guest.PageCluster}");
        if (Directory.Exists(HugePages))
            SetHugePages(machine, guest);
        if (guest.MultiGenerationalLru is { } mglru && File.Exists(MultiGenerationalLru))
            machine.Set(MultiGenerationalLru, mglru ? "7" : "0");
        if (File.Exists(CostCalibration.ZswapEnabled))
            SetZswap(machine, guest);
        machine.SwapOn(guest.Swap == SwapDevice.Zram ? machine.AddZram(SwapBytes) : machine.AddLoop(SwapBytes));
    }

    private static void SetHugePages(BorrowedMachine machine, Guest guest)
    {
        foreach (var size in Directory.GetDirectories(HugePages, "hugepages-*").Where(size => File.Exists($"{size}/enabled")))
        {
            machine.Set($"{size}/enabled", Path.GetFileName(size) switch
            {
                "hugepages-2048kB" => "inherit",
                "hugepages-64kB" => Word(guest.HugePages64K),
                _ => "never",
            });
        }

        machine.Set($"{HugePages}/enabled", Word(guest.TransparentHugePages));
    }

    private static void SetZswap(BorrowedMachine machine, Guest guest)
    {
        var largeSwapInMustBeOff = guest.HugePages64K != HugePageSetting.Never && guest.Zswap == ZswapSetting.Off && ZswapWasWritten != true;
        if (largeSwapInMustBeOff)
            machine.Set(CostCalibration.ZswapEnabled, "Y");
        machine.Set(CostCalibration.ZswapEnabled, guest.Zswap == ZswapSetting.On ? "Y" : "N");
    }

    // The kernel makes the folder when the parameter is first written.
    private static bool? ZswapWasWritten =>
        Directory.Exists($"{KernelDebugging}/zswap") ? true : Directory.Exists(KernelDebugging) && Directory.EnumerateFileSystemEntries(KernelDebugging).Any() ? false : null;

    private static string Word(HugePageSetting setting) => setting.ToString().ToLowerInvariant();
}
