using System.Runtime.InteropServices;

namespace FleetEstimator.Reports;

/// <summary>Puts a finished folder in the place of another on the same file system.</summary>
internal static class FolderSwap
{
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const uint Exchange = 2; // RENAME_EXCHANGE

    /// <summary>
    /// Afterwards <paramref name="target"/> is the finished folder. On Linux an existing target changes places with it in one step, so that no reader and
    /// no crash ever sees neither. Elsewhere, and on the few file systems that cannot do so, the old folder goes to <paramref name="retired"/> first.
    /// </summary>
    /// <param name="finished">The new folder; afterwards gone, or the old one.</param>
    /// <param name="target">Where it belongs.</param>
    /// <param name="retired">A free path beside <paramref name="finished"/>.</param>
    public static void Put(string finished, string target, string retired)
    {
        if (!Directory.Exists(target))
        {
            Directory.Move(finished, target);
            return;
        }

        if (!OperatingSystem.IsLinux() || !TryExchange(finished, target))
            PutInTwoSteps(finished, target, retired);
    }

    /// <summary>As <see cref="Put"/> where the target exists and the two cannot change places.</summary>
    internal static void PutInTwoSteps(string finished, string target, string retired)
    {
        Directory.Move(target, retired);
        try
        {
            Directory.Move(finished, target);
        }
        catch
        {
            Directory.Move(retired, target);
            throw;
        }
    }

    private static bool TryExchange(string finished, string target)
    {
        try
        {
            return RenameAt2(CurrentDirectory, finished, CurrentDirectory, target, Exchange) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false; // A C library without it: musl before 1.2.6.
        }
    }

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [DllImport("libc", EntryPoint = "renameat2")]
    private static extern int RenameAt2(
        int oldFolder,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string oldPath,
        int newFolder,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string newPath,
        uint flags);
}
