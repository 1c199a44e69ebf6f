namespace MonkeyCoder.Isolation.Store;

/// <summary>A piece of the store that can say without a count how many files it may have at most.</summary>
internal interface IFileMark
{
    /// <summary>A number that rises at least as much as the number of files does, for the price of a system call.</summary>
    /// <param name="before">What was read last, 0 at first.</param>
    /// <param name="step">By less than this it may be behind.</param>
    /// <exception cref="MonkeyCoder.Linux.SyscallException">EIO.</exception>
    long ReadFileMark(long before, long step);
}
