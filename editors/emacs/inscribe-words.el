;;; inscribe-words.el --- The keywords of descriptions -*- lexical-binding: t -*-

;;; Commentary:

;; Generated from the table of keywords: go test ./editors -update

;;; Code:

(defconst inscribe-words
  '("ADR_00000"
    "AllTokensIccsnsField"
    "ApplicationList"
    "AttributesDataObject"
    "BlockCard"
    "CardManagerKey"
    "CertKeyList"
    "CertKeyListMode"
    "CertKeyListReturnField"
    "CertTempl"
    "Certificate"
    "ClearFields"
    "Coerc"
    "DataObject"
    "DescVer"
    "Devices"
    "ECCurve"
    "Format"
    "InitToken"
    "InitialLabel"
    "InitialPUK"
    "InitialSignPUK"
    "KeyLabel"
    "KeySize"
    "KeyType"
    "LabelExpressionDataObject"
    "Location"
    "MessagingServerField"
    "MiniDriverLibrary"
    "Name"
    "PIN"
    "PIN_Validation"
    "PKCS11Library"
    "PKCS11LibraryLinux"
    "PKCS11LibraryMac"
    "PKCS11LibraryWindows32"
    "PKCS11LibraryWindows64"
    "PUK"
    "RetrieveAllTokens"
    "SelectCriteriaIccsn"
    "SetPIN"
    "SignPIN"
    "SignPUK"
    "SignPin_Validation"
    "SkipEject"
    "Subtype"
    "Track"
    "Type"
    "UseICCSNwithATR"
    "UseSelectCriteriaIccsn"
    "WriteCertKeyList"
    "WriteCertificate")
  "The keywords of all sections.")

(provide 'inscribe-words)
;;; inscribe-words.el ends here
